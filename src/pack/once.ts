/** Makes a value when it is first asked for; whoever asks again gets the first answer. */
export function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined
  return () => (made ??= { value: make() }).value
}
