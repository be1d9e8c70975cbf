/** A value and who gave it. */

/** The configuration file, a variable, or a flag. */
export type Source =
  | { readonly kind: 'file' }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'flag'; readonly name: string }

/** A value of a setting as it was given; `spelling` is the last name of its path, which for the file of a secret is `secretFile`. */
export interface Given {
  readonly spelling: string
  readonly value: unknown
  readonly source: Source
}

/** What one layer gives, by the setting's path joined with dots. */
export type Layer = ReadonlyMap<string, Given>
