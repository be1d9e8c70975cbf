/** The sites the demo plays: browsers resolve `*.localhost` to loopback, so one server can be several origins. */

/** app: the customer's site; widget: our own iframe; other: a site no token lists; evil: an origin no policy lists. */
export const SITES = ['app', 'widget', 'other', 'evil'] as const
export type Site = (typeof SITES)[number]

/** The sites whose pages embed others. */
export const EMBEDDERS: readonly Site[] = ['app', 'other']

/** The host name of a site. */
export const hostOf = (site: Site): string => `${site}.localhost`

/** The origin of a site (RFC 6454), with the port of the demo's page. */
export const originOf = (site: Site, port: number): string => `http://${hostOf(site)}:${port}`
