import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import type { BinProblem } from '../../../src/pack/columns/bin-problem.js'
import { violations } from '../../../src/pack/columns/check.js'
import { loadLp, type LpSolver } from '../../../src/pack/columns/lp.js'
import { packBins } from '../../../src/pack/columns/pack-bins.js'

const FOLDER = fileURLToPath(new URL('../../../../shared/data/packing/', import.meta.url))

type Instance = {
  readonly resources?: readonly string[]
  readonly binTypes: readonly { readonly name: string; readonly cost: number; readonly capacity: readonly number[] }[]
  readonly items: readonly {
    readonly size: readonly number[]
    readonly count: number
    readonly maxPerBin?: number
    readonly types?: readonly string[]
  }[]
  readonly best: { readonly cost: number; readonly proven: boolean }
}

function read(name: string): { readonly problem: BinProblem; readonly best: Instance['best'] } {
  const { resources, binTypes, items, best } = JSON.parse(readFileSync(`${FOLDER}${name}.json`, 'utf8')) as Instance
  const names = binTypes.map((type) => type.name)
  const micro = (dollars: number): number => Math.round(dollars * 1e6)
  return {
    problem: {
      resources: resources ?? (binTypes[0]?.capacity ?? []).map((_, r) => `r${r}`),
      types: binTypes.map((type) => ({ ...type, cost: micro(type.cost) })),
      classes: items.map(({ types, ...item }) =>
        types === undefined ? item : { ...item, types: types.map((type) => names.indexOf(type)) },
      ),
    },
    best: { ...best, cost: micro(best.cost) },
  }
}

describe.skipIf(!existsSync(FOLDER))('known optima (skipped: ../shared is absent)', () => {
  let lp: LpSolver
  beforeAll(async () => {
    lp = await loadLp()
  })

  test.each(['03', '05', '07', '09', '11', '13', '15'])('ec2-small-%s is solved, and said so', (number) => {
    const { problem, best } = read(`ec2-small-${number}`)
    const plan = packBins(problem, lp)
    expect(violations(problem, plan)).toEqual([])
    expect(plan).toMatchObject({ cost: best.cost, lowerBound: best.cost, proven: true })
  })

  test.each([
    'triplet-classC_60_3_0',
    'new-class1_40_3_0',
    'new-class2_60_3_0',
    'new-class6_60_5_0',
    'panigrahy-class1_60_5_0',
    'panigrahy-class1_120_3_0',
  ])('vectorpack-%s is solved, and said so', (name) => {
    const { problem, best } = read(`vectorpack-${name}`)
    const plan = packBins(problem, lp)
    expect(violations(problem, plan)).toEqual([])
    expect(plan).toMatchObject({ cost: best.cost, lowerBound: best.cost, proven: true })
  })
})
