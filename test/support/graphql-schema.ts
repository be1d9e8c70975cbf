/** What the GraphQL servers of tests serve: a query `answer`, a subscription `count`. */
import { GraphQLInt, GraphQLObjectType, GraphQLSchema } from 'graphql'

export const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { answer: { type: GraphQLInt, resolve: () => 42 } } }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: { count: { type: GraphQLInt, subscribe: countToThree, resolve: (value) => value } },
  }),
})

async function* countToThree() {
  yield* [1, 2, 3]
}
