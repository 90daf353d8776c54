import { fileURLToPath } from 'node:url'

/** Set by tools/build.mjs from package.json; absent where the sources run unbundled. */
declare const __VERSION__: string

export const VERSION: string = typeof __VERSION__ === 'string' ? __VERSION__ : '0.0.0-development'

/** Absolute path of a file in the package's `data` folder, which stands beside `src` and beside `dist`. */
export const packageData = (name: string): string => fileURLToPath(new URL(`../data/${name}`, import.meta.url))
