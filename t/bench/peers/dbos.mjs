// The other durable runs of ./dev bench runs: DBOS on PostgreSQL. Commands come on standard input, one a line, as JSON.
import { createRequire } from 'node:module'
import readline from 'node:readline'
const { DBOS } = createRequire(`${process.env.BENCH_NODE}/`)('@dbos-inc/dbos-sdk')

DBOS.setConfig({ name: 'bench', systemDatabaseUrl: process.env.BENCH_URL, systemDatabasePoolSize: 10, logLevel: 'error' })

const empty = DBOS.registerWorkflow(async () => null, { name: 'empty' })
const steps = DBOS.registerWorkflow(async (n) => {
  const began = performance.now()
  for (let i = 0; i < n; i++) await DBOS.runStep(async () => i, { name: 'step' })
  return performance.now() - began
}, { name: 'steps' })
const delayed = DBOS.registerWorkflow(async (due) => Date.now() - due, { name: 'delayed' })
const sleeper = DBOS.registerWorkflow(async (ms) => {
  const before = await DBOS.runStep(async () => Date.now(), { name: 'now' })
  await DBOS.sleep(ms)
  return Date.now() - before - ms
}, { name: 'sleeper' })
const sleeps = DBOS.registerWorkflow(async (ms) => { await DBOS.sleep(ms) }, { name: 'sleeps' })

await DBOS.launch()
await DBOS.registerQueue('work', { workerConcurrency: 50, minPollingIntervalMs: 100 })

const jobs = {
  // so many runs, queued and done
  async runs({ n }) {
    const began = performance.now()
    const handles = []
    for (let i = 0; i < n; i += 20) handles.push(...await Promise.all(Array.from({ length: Math.min(20, n - i) }, () => DBOS.startWorkflow(empty, { queueName: 'work' })())))
    await Promise.all(handles.map((h) => h.getResult()))
    return { seconds: (performance.now() - began) / 1000 }
  },
  // the same without a queue, as many at once as Fazt has threads
  async direct({ n }) {
    const began = performance.now()
    let left = n
    await Promise.all([1, 2, 3, 4].map(async () => { while (left-- > 0) await (await DBOS.startWorkflow(empty)()).getResult() }))
    return { seconds: (performance.now() - began) / 1000 }
  },
  async steps({ n }) { return { us: (await (await DBOS.startWorkflow(steps)(n)).getResult()) * 1000 / n } },
  async delayed({ n }) {
    const handles = []
    for (let i = 0; i < n; i++) {
      handles.push(await DBOS.startWorkflow(delayed, { queueName: 'work', enqueueOptions: { delaySeconds: 4 } })(Date.now() + 4000))
      if (i % 10 === 9) await new Promise((done) => setTimeout(done, 50))
    }
    return { late: await Promise.all(handles.map((h) => h.getResult())) }
  },
  async sleepers({ n }) {
    const handles = await Promise.all(Array.from({ length: n }, (_, i) => DBOS.startWorkflow(sleeper)(2000 + 10 * i)))
    return { late: await Promise.all(handles.map((h) => h.getResult())) }
  },
  async idle({ n }) {
    for (let i = 0; i < n; i += 100) await Promise.all(Array.from({ length: 100 }, () => DBOS.startWorkflow(sleeps)(86400000)))
    return {}
  },
}

console.log(JSON.stringify({ ready: true }))
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { job, ...args } = JSON.parse(line)
  console.log(JSON.stringify(await jobs[job](args)))
}
process.exit(0)
