import { decodeFully } from './query.ts'

/** How the header of a JWT begins: base64url of `{`, then a quote, or a blank and one more blank or a quote. */
const START = 'e(?:yJ|(?:yA|w[ko0])[giJKN])'
const LEADING = new RegExp(`^${START}[\\w-]*\\.`)
/** Where it ends is not asked: half a token is still worth hiding. */
const ANYWHERE = new RegExp(`${START}[\\w-]{7}`)

/** Whether a text that nothing encodes further, such as a subprotocol, begins as a JWT does. */
export const beginsAsJwt = (text: string): boolean => LEADING.test(text)

/** Whether a JWT, or the beginning of one, stands anywhere in a text, however often it is percent-encoded. */
export const holdsJwt = (text: string): boolean => text.length > 10 && ANYWHERE.test(decodeFully(text))
