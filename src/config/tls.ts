/** `tls`: the certificate of the listener. */
import { createSecureContext } from 'node:tls'
import { z } from 'zod'
import { file } from '../settings/file.ts'

/** Both files are re-read on change; they must fit each other. */
export const tls = () =>
  z
    .strictObject({
      cert: file().meta({ doc: 'Certificate chain, a PEM file.' }),
      key: file().meta({ doc: 'Private key, a PEM file.' }),
    })
    .superRefine(({ cert, key }, context) => {
      try {
        createSecureContext({ cert: cert.text, key: key.text })
      } catch {
        // What OpenSSL says could quote the key's file; which of the two is wrong it does not say.
        const message = `expected a PEM certificate and its private key, in ${cert.path} and ${key.path}`
        context.addIssue({ code: 'custom', message })
      }
    })
