// The official client of the tus protocol, interrupted and resumed. Environment: ENDPOINT, TOKEN, SIZE.
import { createRequire } from 'node:module'
const require = createRequire(process.env.FAZT_NODE + '/')
const dns = require('node:dns')
const lookup = dns.lookup // every *.localhost is this machine
dns.lookup = (name, options, done) => lookup(name.endsWith('.localhost') ? '127.0.0.1' : name, options, done)
const tus = require('tus-js-client')

let n = 0
const ok = (yes, what) => console.log(`${yes ? '' : 'not '}ok ${++n} - ${what}`)
const size = Number(process.env.SIZE)
const bytes = Buffer.alloc(size)
for (let i = 0; i < size; i += 4) bytes.writeUInt32LE((i * 2654435761) >>> 0, i)

const options = {
	endpoint: process.env.ENDPOINT,
	headers: { Authorization: `Bearer ${process.env.TOKEN}` },
	metadata: { filename: 'über uns.bin', filetype: 'application/x-test' },
	chunkSize: 700000,
	retryDelays: [0, 200, 500],
}

function send(more, stopAt) {
	return new Promise((resolve, reject) => {
		const upload = new tus.Upload(bytes, {
			...options, ...more,
			onError: reject,
			onSuccess: () => resolve({ url: upload.url, finished: true }),
			onChunkComplete: (_, accepted) => {
				if (stopAt && accepted >= stopAt)
					upload.abort().then(() => resolve({ url: upload.url, accepted }))
			},
		})
		upload.start()
	})
}

const first = await send({}, size / 3)
ok(first.accepted && first.accepted < size, `interrupted after ${first.accepted} bytes`)
let offset
const second = await send({ uploadUrl: first.url, onAfterResponse: (req, res) => { if (req.getMethod() === 'HEAD') offset = Number(res.getHeader('Upload-Offset')) } })
ok(offset >= first.accepted && offset < size, `resumed at ${offset}`)
ok(second.finished, 'to the end')
console.log(`# url ${second.url}`)

const gone = await send({}, 1)
await tus.Upload.terminate(gone.url, options)
const head = await fetch(gone.url, { method: 'HEAD', headers: { ...options.headers, 'Tus-Resumable': '1.0.0' } })
ok(head.status === 404, 'terminated')

const empty = await new Promise((resolve, reject) => {
	const upload = new tus.Upload(Buffer.alloc(0), { ...options, onError: reject, onSuccess: () => resolve(upload.url) })
	upload.start()
})
ok(empty, 'a file without bytes')
console.log(`1..${n}`)
