/** Tickets of a worker: they wait in the primary, where each is used once whichever worker it comes to. */
import type { Tickets } from '../tokens/tickets.ts'
import type { Link } from './link.ts'
import { ANSWER_MS, assertAnswering } from './remote-places.ts'
import type { ToPrimary, ToWorker } from './words.ts'

export const remoteTickets = (link: Link<ToPrimary, ToWorker>): Tickets => ({
  issue: async (request, now) => {
    assertAnswering(link)
    return (await link.ask('issueTicket', { request, now }, ANSWER_MS)) ?? undefined
  },
  take: async (ticket, route, now) => {
    assertAnswering(link)
    return (await link.ask('takeTicket', { ticket, route, now }, ANSWER_MS)) ?? undefined
  },
  look: async (ticket, route, now) => {
    assertAnswering(link)
    return (await link.ask('lookTicket', { ticket, route, now }, ANSWER_MS)) ?? undefined
  },
})
