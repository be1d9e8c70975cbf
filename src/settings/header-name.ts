import { z } from 'zod'

const NAME = /^[A-Za-z0-9!#$%&'*+.^`|~-]{1,64}$/
/** Headers that a handshake is made of: to remove, replace or repeat one would break it. */
const RESERVED =
  /^(?:host|connection|upgrade|content-length|transfer-encoding|te|trailer|keep-alive|sec-websocket-.*)$/i

/** The name of a header (RFC 9110 section 5.1), without `_`, which some backends read as `-` (trap 48). */
export const headerName = () =>
  z
    .string()
    .regex(NAME, 'expected a header name, such as X-Auth-User')
    .refine((name) => !RESERVED.test(name), 'is a header of the handshake itself; expected one such as X-Auth-User')
