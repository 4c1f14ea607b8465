/**
 * `name`, `namespace/name`, `host/namespace/name`, each with one `:tag` or none: it can stand in a path and on a command
 * line, and never leads up a folder.
 * @see Ollama types/model/name.go
 */
export const modelNamePattern = /^(?!.*\.\.)\w[\w.-]*(?:\/[\w.-]+)*(?::[\w.-]+)?$/

/** Characters of a model's name. */
export const maxModelName = 200
