import { readFileSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import type { ItemClass, Problem } from './problem.js'
import { scaleCosts } from './scale-costs.js'

const whole = z.number().int().nonnegative()

const schema = z.object({
  name: z.string().optional(),
  resources: z.array(z.string()).optional(),
  binTypes: z.array(
    z.object({ name: z.string().optional(), cost: z.number().nonnegative(), capacity: z.array(whole) }),
  ),
  items: z.array(
    z.object({
      size: z.array(z.number().int()),
      count: whole,
      maxPerBin: z.number().int().positive().nullish(),
      types: z.array(z.union([whole, z.string()])).nullish(),
    }),
  ),
  best: z
    .object({ cost: z.number(), proven: z.boolean().optional(), lowerBound: z.number().nullish() })
    .nullish()
    .catch(undefined),
})

/** A file that holds no packing problem; the message names the file and what is wrong with it. */
export class NotAProblem extends Error {}

/** Reads a problem from the text of a file in the format of `../shared/data/packing/README.md`. */
export function parseProblem(file: string, text: string): Problem {
  const parsed = schema.safeParse(json(file, text))
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: 'not understood' }
    throw new NotAProblem(`${file} is no packing problem: ${path.join('.') || 'the whole file'}: ${message}`)
  }
  const { name = basename(file, '.json'), resources, binTypes, items, best } = parsed.data
  const width = binTypes[0]?.capacity.length ?? items[0]?.size.length ?? 0
  if ([...binTypes.map(({ capacity }) => capacity), ...items.map(({ size }) => size)].some((v) => v.length !== width))
    throw new NotAProblem(`${file}: capacities and sizes do not all have ${width} resources`)
  const typesOf = namedTypes(file, binTypes)
  const mostBins = items.reduce((sum, { count }) => sum + count, 0)
  const { units, ...scale } = scaleCosts(
    binTypes.map(({ cost }) => cost),
    mostBins,
  )
  return {
    name,
    ...(resources ? { resources } : {}),
    types: binTypes.map(({ name: typeName, cost, capacity }, index) => ({
      name: typeName ?? `type ${index}`,
      cost: units[index] ?? 0,
      fileCost: cost,
      capacity,
    })),
    items: items.map(({ size, count, maxPerBin, types }): ItemClass => ({
      size,
      count,
      ...(maxPerBin ? { maxPerBin } : {}),
      ...(types ? { types: typesOf(types) } : {}),
    })),
    ...scale,
    ...(best
      ? {
          best: {
            cost: best.cost,
            proven: best.proven ?? false,
            ...(typeof best.lowerBound === 'number' ? { lowerBound: best.lowerBound } : {}),
          },
        }
      : {}),
  }
}

/** Turns a list of bin types, given by name or by index, into indexes. */
function namedTypes(file: string, binTypes: readonly { readonly name?: string | undefined }[]) {
  const byName = new Map<string, number[]>()
  binTypes.forEach(({ name }, index) => {
    if (name !== undefined) byName.set(name, [...(byName.get(name) ?? []), index])
  })
  return (types: readonly (string | number)[]): number[] => {
    const found = types.map((type) => (typeof type === 'string' ? byName.get(type) : type < binTypes.length && [type]))
    const stranger = types.find((_, at) => !found[at])
    if (stranger !== undefined)
      throw new NotAProblem(`${file}: an item may use bin type ${stranger}, which does not exist`)
    return [...new Set(found.flatMap((indexes) => indexes || []))].sort((a, b) => a - b)
  }
}

function json(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new NotAProblem(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

export const readProblem = (file: string): Problem => parseProblem(file, readFileSync(file, 'utf8'))

/** The problem files of a folder by name, without its index; a file stands for itself. */
export function problemFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .filter((name) => name.endsWith('.json') && name !== 'INDEX.json')
    .sort()
    .map((name) => join(path, name))
}
