/** A value that is there at once, or later: most checks know at once, and only what is asked of others is waited for. */
export type Soon<T> = T | Promise<T>

/** Goes on with a value, at once where it is there. */
export const andThen = <T, R>(value: Soon<T>, next: (value: T) => Soon<R>): Soon<R> =>
  value instanceof Promise ? value.then(next) : next(value)
