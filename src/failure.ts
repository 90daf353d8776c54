/**
 * Everything that ends a run, as facts. `explain` turns it into the one message that people see and the exit code that
 * scripts see; nothing else in the program words a failure.
 */
export type Failure =
  | { readonly kind: 'bad-usage'; readonly problem: string }
  | { readonly kind: 'bad-option'; readonly name: string; readonly got: string; readonly want: string }
  | { readonly kind: 'bad-input'; readonly file: string; readonly problem: string; readonly fix: string }
  | { readonly kind: 'bad-output'; readonly path: string; readonly problem: string; readonly fix: string }
  | { readonly kind: 'not-uploaded'; readonly target: string; readonly problem: string; readonly fix: string }
  | { readonly kind: 'unreadable-source'; readonly source: string; readonly problem: string; readonly fix: string }
  | { readonly kind: 'limit-passed'; readonly condition: string; readonly value: string }

export type ExitCode = 2 | 3 | 4

export function explain(failure: Failure): { readonly exitCode: ExitCode; readonly text: string } {
  switch (failure.kind) {
    case 'bad-usage':
      return { exitCode: 2, text: `${failure.problem}. See k8s-cost --help.` }
    case 'bad-option':
      return { exitCode: 2, text: `${failure.name}: got "${failure.got}", want ${failure.want}. See k8s-cost --help.` }
    case 'bad-input':
    case 'bad-output': {
      const where = failure.kind === 'bad-input' ? failure.file : failure.path
      return { exitCode: 2, text: `${where}: ${failure.problem}. ${failure.fix}` }
    }
    case 'not-uploaded':
      return { exitCode: 3, text: `${failure.target}: ${failure.problem}. ${failure.fix}` }
    case 'unreadable-source':
      return { exitCode: 3, text: `${failure.source}: ${failure.problem}. ${failure.fix}` }
    case 'limit-passed':
      return { exitCode: 4, text: `--fail-on ${failure.condition} holds: ${failure.value}. The report was written.` }
    default:
      return failure satisfies never
  }
}

/** Carries a Failure from where it is known to where it is explained. */
export class FailureError extends Error {
  readonly failure: Failure

  constructor(failure: Failure, options?: ErrorOptions) {
    super(explain(failure).text, options)
    this.name = 'FailureError'
    this.failure = failure
  }
}
