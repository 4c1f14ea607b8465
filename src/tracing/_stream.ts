import type { Step } from './_spans.ts'
import { codeOf } from './_spans.ts'

/** How a step follows a stream. */
export type StreamWatch<T> = {
  /** Undefined: this one is not followed. */
  begin(): Step | undefined
  note(step: Step, value: T): void
  /** Has whoever asked stopped listening? What breaks off then does so because of that. */
  isGone(): boolean
}

/**
 * The same stream, followed by a step: whatever is done to give a value is part of it. One that is left before its `end`
 * was `abandoned`.
 */
export const watchStream = <T extends { readonly type: string }>(
  open: () => AsyncIterable<T>,
  watch: StreamWatch<T>,
): AsyncIterable<T> => ({
  [Symbol.asyncIterator]() {
    const step = watch.begin()
    return step === undefined ? open()[Symbol.asyncIterator]() : follow(open, step, watch)
  },
})

function follow<T extends { readonly type: string }>(
  open: () => AsyncIterable<T>,
  step: Step,
  watch: StreamWatch<T>,
): AsyncIterator<T> {
  let iterator: AsyncIterator<T> | undefined
  let isOver = false
  const pull = () => {
    iterator ??= open()[Symbol.asyncIterator]()
    return iterator.next()
  }
  return {
    async next() {
      try {
        // Every time anew: a generator goes on where its caller stands, not where it began.
        const result = await step.run(pull)
        if (result.done) step.end()
        else {
          watch.note(step, result.value)
          isOver ||= result.value.type === 'end'
        }
        return result
      } catch (error) {
        step.fail(watch.isGone() ? 'abandoned' : codeOf(error))
        step.end()
        throw error
      }
    },
    async return(value) {
      try {
        const left = await step.run(() => iterator?.return?.(value))
        return left ?? { done: true, value }
      } finally {
        if (!isOver) step.fail('abandoned')
        step.end()
      }
    },
  }
}
