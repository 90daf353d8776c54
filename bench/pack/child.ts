/** Works on the one task that its parent sends, and answers with what came of it. */
import { NotAProblem } from './read-problem.js'
import { measure, type Measured, type Task } from './measure.js'

export type Answer =
  { readonly kind: 'measured'; readonly measured: Measured } | { readonly kind: 'failed'; readonly why: string }

const answer = (message: Answer): boolean => process.send?.(message, () => process.disconnect()) ?? false

// Whoever asked is gone: nobody waits for the answer.
process.once('disconnect', () => process.exit())

process.once('message', (task: Task) => {
  measure(task).then(
    (measured) => answer({ kind: 'measured', measured }),
    (error: unknown) => answer({ kind: 'failed', why: reasonOf(error) }),
  )
})

function reasonOf(error: unknown): string {
  if (error instanceof NotAProblem) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
