import { Client } from 'pg'

const server = process.env['OTTO_TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres'

async function run(statement: string): Promise<void> {
  const client = new Client({ connectionString: server, connectionTimeoutMillis: 3_000 })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** Does a PostgreSQL answer where tests look for one? */
export const hasPostgres = await run('select 1').then(
  () => true,
  () => false,
)

/** What a suite is called, so that nobody takes one that did not run for a green one. */
export const postgresName = hasPostgres ? 'PostgreSQL' : 'PostgreSQL does not answer: not run'

/** An empty database of its own. */
export async function createPostgresDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const name = `otto_test_${crypto.randomUUID().replaceAll('-', '')}`
  await run(`create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => run(`drop database if exists ${name} with (force)`) }
}
