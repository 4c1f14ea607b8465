import type { FastifyPluginAsync } from 'fastify'
import type { ToolCatalog } from '../tools/tool.ts'
import { createToolDocument } from './tool-server-document.ts'

export type ToolServerDeps = { readonly tools: Pick<ToolCatalog, 'list'>; readonly needsToken: boolean }

/**
 * `GET /tools/openapi.json`: the tools alone, for programs that make a tool of every operation that they read about, as
 * Open WebUI does. The calls themselves are `POST /otto/tools/:name`.
 */
export const toolServerRoutes =
  ({ tools, needsToken }: ToolServerDeps): FastifyPluginAsync =>
  async (instance) => {
    instance.get('/tools/openapi.json', async () => createToolDocument(tools.list(), { needsToken }))
  }
