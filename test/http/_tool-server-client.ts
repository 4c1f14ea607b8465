/** JSON that nobody has looked at yet. */
type Loose = Record<string, unknown>

/** A tool as Open WebUI tells a model of it. */
export type ConvertedTool = {
  readonly name: string
  readonly description: string
  readonly properties: Readonly<Record<string, { readonly type?: unknown; readonly description: string }>>
  readonly required: readonly string[]
}

const objectAt = (value: unknown, ...keys: readonly string[]): Loose =>
  keys.reduce<Loose>((found, key) => asObject(found[key]), asObject(value))
const asObject = (value: unknown): Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {}
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(textOf) : [])

/**
 * What Open WebUI makes of a document: a tool of every operation with an id, of each argument its type and description,
 * and the values of an `enum` as text. References are followed, everything else is lost.
 * @see open-webui backend/open_webui/utils/tools.py, convert_openapi_to_tool_payload, resolve_schema
 */
export function convertedTools(document: unknown): ConvertedTool[] {
  const operations = Object.values(objectAt(document, 'paths')).flatMap((item) => Object.values(asObject(item)))
  return operations.flatMap((one) => {
    const operation = asObject(one)
    const name = textOf(operation['operationId'])
    if (name === '') return []
    const schema = objectAt(operation, 'requestBody', 'content', 'application/json', 'schema')
    const properties = Object.entries(objectAt(schema, 'properties')).map(([key, property]) => {
      const { type, description, enum: values } = asObject(property)
      const suffix = Array.isArray(values) ? ` Possible values: ${values.join(', ')}` : ''
      return [key, { type, description: `${textOf(description)}${suffix}` }] as const
    })
    return {
      name,
      description: textOf(operation['description']) || textOf(operation['summary']),
      properties: Object.fromEntries(properties),
      required: textsOf(schema['required']),
    }
  })
}

/** How it calls one: the path as it stands in the document behind the address, all arguments in one flat body. */
export const pathOf = (document: unknown, name: string): string => {
  const found = Object.entries(objectAt(document, 'paths')).find(
    ([, item]) => objectAt(item, 'post')['operationId'] === name,
  )
  if (found === undefined) throw new Error(`No operation is named ${name}.`)
  return found[0]
}
