import { fsRead } from './fs-read.ts'
import { fsWrite } from './fs-write.ts'
import { grep } from './grep.ts'
import { httpRequest } from './http-request.ts'
import { json } from './json.ts'
import { testRun } from './test-run.ts'
import type { Tool } from './tool.ts'
import { yaml } from './yaml.ts'

/** What agents are offered besides the game's tools. */
export const baseTools: readonly Tool[] = [fsRead, fsWrite, grep, httpRequest, json, yaml, testRun]
