export type Arguments = {
  readonly places: readonly string[]
  readonly out: string | undefined
  readonly plans: string | undefined
}

export const USAGE = 'npm run bench:pack -- [DIR…] [--out FILE] [--plans DIR]'

/** The command line; a string says what is wrong with it. */
export function readArguments(argv: readonly string[]): Arguments | string {
  const places: string[] = []
  const values = new Map<string, string>()
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? ''
    const [, name, inline] = /^(--[^=]*)(?:=(.*))?$/s.exec(word) ?? []
    if (name === undefined) {
      places.push(word)
      continue
    }
    if (name !== '--out' && name !== '--plans') return `${name} is not known. ${USAGE}`
    const value = inline ?? argv[(at += 1)]
    if (value === undefined || value === '') return `${name} needs a value. ${USAGE}`
    values.set(name, value)
  }
  return { places, out: values.get('--out'), plans: values.get('--plans') }
}
