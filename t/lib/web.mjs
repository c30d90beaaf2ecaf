// The rest of the Internet, for tests: well-behaved servers and others, over http and https on the loopback. Started by
// Fazt::Web with the folder of its certificates; prints its two ports.
import fs from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import tls from 'node:tls'
import zlib from 'node:zlib'

const dir = process.argv[2]
const read = name => fs.readFileSync(`${dir}/${name}`)
const context = name => tls.createSecureContext({ key: read('key.pem'), cert: read(`${name}.pem`) })
const contexts = { expired: context('expired'), wrong: context('wrong'), self: context('self'), good: context('good') }
const seen = {} // requests by path
const zeros = Buffer.alloc(65536)
let open = 0, most = 0

function pour(res, bytes) {
  const more = () => {
    while (bytes > 0) {
      const n = Math.min(bytes, zeros.length)
      bytes -= n
      if (!res.write(n === zeros.length ? zeros : zeros.subarray(0, n))) return res.once('drain', more)
    }
    res.end()
  }
  more()
}

const body = req => new Promise(done => {
  const parts = []
  req.on('data', p => parts.push(p))
  req.on('end', () => done(Buffer.concat(parts)))
})

const pages = {
  '/hello': (req, res) => res.end('Hello!'),
  '/json': (req, res) => res.setHeader('content-type', 'application/json').end('{"city":"Aachen","sunny":true,"none":null}'),
  '/echo': async (req, res) => {
    const sent = await body(req)
    res.setHeader('content-type', 'application/json').setHeader('set-cookie', ['a=1', 'b=2'])
    res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, body: sent.toString('latin1'), tls: !!req.socket.encrypted }))
  },
  '/redirect': (req, res, q) => setTimeout(() => res.writeHead(Number(q.get('status') ?? 302), { location: q.get('to') }).end('elsewhere'), Number(q.get('ms') ?? 0)),
  '/weather': (req, res) => res.setHeader('content-type', 'application/json').end('{"city":"Aachen","degrees":21}'),
  '/photo.png': (req, res) => pour(res.setHeader('content-type', 'image/png'), 3000000),
  '/account': (req, res) => req.headers.authorization === 'Bearer s3cret' ? res.end('Welcome') : res.writeHead(401).end('Who are you?'),
  '/status': (req, res, q) => res.writeHead(Number(q.get('status'))).end('as you like'),
  '/bytes': (req, res, q) => pour(res.setHeader('content-type', 'image/png'), Number(q.get('n'))),
  '/endless': (req, res) => pour(res, Infinity),
  '/bomb': (req, res, q) => {
    const gz = zlib.createGzip()
    res.setHeader('content-encoding', 'gzip')
    gz.pipe(res)
    pour(gz, Number(q.get('n')))
  },
  '/drip': (req, res) => {
    res.write('x')
    const t = setInterval(() => res.write('x'), 1000)
    res.on('close', () => clearInterval(t))
  },
  '/events': (req, res, q) => { // one every so often, and at the end as they say
    let n = 0
    const t = setInterval(() => {
      res.write(`event ${++n}\n`)
      if (n < Number(q.get('n'))) return
      clearInterval(t)
      if (q.has('cut')) req.socket.destroy()
      else res.end()
    }, Number(q.get('ms') ?? 20))
    res.on('close', () => clearInterval(t))
  },
  '/hang': () => {},
  '/slow': (req, res, q) => setTimeout(() => res.end('at last'), Number(q.get('ms'))),
  '/headers': (req, res, q) => {
    for (let i = 0; i < Number(q.get('n')); i++) res.setHeader(`x-${i}`, 'y'.repeat(Number(q.get('size') ?? 1)))
    res.end('many')
  },
  '/raw': (req, res, q) => req.socket.end(Buffer.from(q.get('hex'), 'hex')),
  '/flaky': (req, res, q) => {
    if (seen[req.url] > Number(q.get('fails'))) return res.end(`attempt ${seen[req.url]}`)
    if (q.get('how') === 'cut') return req.socket.destroy()
    if (q.has('after')) res.setHeader('retry-after', q.get('after'))
    if (q.has('date')) res.setHeader('retry-after', new Date(Date.now() + Number(q.get('date')) * 1000).toUTCString())
    res.writeHead(503).end('not now')
  },
  '/seen': (req, res, q) => res.end(String(seen[q.get('url')] ?? 0)),
  '/open': (req, res) => res.end(String(open - 1)),
  '/most': (req, res) => res.end(String(most)),
}

// A service that keeps notes, for as long as the answer takes.
async function notes(req, res) {
  const sent = (await body(req)).toString()
  const note = req.headers['content-type'] === 'application/json' ? JSON.parse(sent) : Object.fromEntries(new URLSearchParams(sent))
  res.writeHead(req.method === 'POST' ? 201 : 200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: 7, ...note }))
}

async function answer(req, res) {
  const url = new URL(req.url, 'http://x')
  seen[req.url] = (seen[req.url] ?? 0) + 1
  most = Math.max(most, ++open)
  res.on('close', () => open--)
  const page = url.pathname.startsWith('/notes') ? notes : pages[url.pathname]
  if (page) await page(req, res, url.searchParams)
  else res.writeHead(404).end('nothing')
}

const ports = []
function listening(server) {
  ports.push(server.address().port)
  if (ports.length === 2) fs.writeFileSync(`${dir}/ports.part`, `${plain.address().port} ${secure.address().port}`), fs.renameSync(`${dir}/ports.part`, `${dir}/ports`)
}
const plain = http.createServer({ maxHeaderSize: 1 << 16 }, answer)
const secure = https.createServer({
  key: read('key.pem'), cert: read('good.pem'),
  SNICallback: (name, done) => done(null, contexts[name.split('.')[0]] ?? contexts.good),
}, answer)
for (const server of [plain, secure]) {
  server.on('clientError', () => {})
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1', () => listening(server))
}
process.on('uncaughtException', () => {})
