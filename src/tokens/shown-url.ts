/**
 * A URL, or a text that holds one, fit to be shown: without its user and password, and without its query, any of which
 * may be a key. Rather too much is hidden than a password with a slash in it shown.
 */
export const shownUrl = (text: string): string =>
  text.replace(/\/\/.*@/gs, '//[hidden]@').replace(/(:\/\/[^?]*)\?.+/s, '$1?[hidden]')
