import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import type { PriceCatalog } from '../domain/catalog.js'
import { FailureError } from '../failure.js'
import { decodeCatalog } from './catalog-decode.js'
import { CatalogDamage } from './catalog-schema.js'

/** Far above any real catalog (the one in the package unpacks to 0.5 MB): stops a file that unpacks without end. */
const MAX_UNPACKED_BYTES = 256 * 1024 * 1024

/**
 * Reads a price catalog, plain JSON or gzip, in the format that tools/build-catalog.mjs documents. Every figure is
 * checked here, so that the rest of the program meets no damaged one.
 *
 * Throws a FailureError of kind `bad-input` that names the file and what is wrong with it.
 */
export async function readCatalog(file: string): Promise<PriceCatalog> {
  const data = await readFile(file).catch((error: unknown) => {
    throw badInput(file, `the price catalog cannot be read (${messageOf(error)})`, error)
  })
  const text = unpack(file, data)
  try {
    return decodeCatalog(parse(file, text))
  } catch (error) {
    if (error instanceof CatalogDamage)
      throw badInput(file, `no price catalog that can be used: ${error.message}`, error)
    throw error
  }
}

function unpack(file: string, data: Buffer): string {
  const packed = data[0] === 0x1f && data[1] === 0x8b
  if (!packed) return data.toString('utf8')
  try {
    return gunzipSync(data, { maxOutputLength: MAX_UNPACKED_BYTES }).toString('utf8')
  } catch (error) {
    throw badInput(file, `the gzip data is damaged or cut short (${messageOf(error)})`, error)
  }
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw badInput(file, `not JSON (${messageOf(error)})`, error)
  }
}

const FIX =
  'Give a price catalog, such as data/catalog.json.gz of the package or a copy of it, plain JSON or gzip; --pricing embedded uses the one in the package, --pricing aws reads the prices of today.'

const badInput = (file: string, problem: string, cause: unknown): FailureError =>
  new FailureError({ kind: 'bad-input', file, problem, fix: FIX }, { cause })

/** One line: messages of JSON.parse quote the text, line breaks included. */
const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim()
