import { readJson } from './_check-schema.ts'
import { documentTool } from './_document-tool.ts'

/** `json`: strict JSON, read and written. */
export const json = documentTool({
  name: 'json',
  aliases: ['JSON'],
  parse: (text) => readJson(text, 'text'),
  generate: (value) => JSON.stringify(value, null, 2),
})
