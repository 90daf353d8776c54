import { describe, expect, test } from 'vitest'
import { explain, FailureError, type Failure } from '../src/failure.js'

const FAILURES: readonly (readonly [number, Failure, string])[] = [
  [2, { kind: 'bad-usage', problem: 'unknown option "--x"' }, 'unknown option "--x". See k8s-cost --help.'],
  [
    2,
    { kind: 'bad-option', name: 'K8S_COST_HEADROOM', got: '2', want: 'a share from 0 to below 1' },
    'K8S_COST_HEADROOM: got "2", want a share from 0 to below 1. See k8s-cost --help.',
  ],
  [
    2,
    { kind: 'bad-input', file: 'a.json', problem: 'is empty', fix: 'Save it again.' },
    'a.json: is empty. Save it again.',
  ],
  [
    2,
    { kind: 'bad-output', path: 'out', problem: 'is a file', fix: 'Name a folder.' },
    'out: is a file. Name a folder.',
  ],
  [
    3,
    { kind: 'unreadable-source', source: 'cluster', problem: 'refused', fix: 'Log in.' },
    'cluster: refused. Log in.',
  ],
  [
    4,
    { kind: 'limit-passed', condition: 'gap>5%', value: 'gap is 7.00 %' },
    '--fail-on gap>5% holds: gap is 7.00 %. The report was written.',
  ],
]

describe('explain', () => {
  test.each(FAILURES)('exit code %i for %o', (exitCode, failure, text) => {
    expect(explain(failure)).toEqual({ exitCode, text })
  })

  test('a FailureError carries the facts, the words and the cause', () => {
    const cause = new Error('deeper')
    const error = new FailureError({ kind: 'bad-usage', problem: 'no' }, { cause })
    expect(error).toMatchObject({ failure: { kind: 'bad-usage' }, message: 'no. See k8s-cost --help.', cause })
  })
})
