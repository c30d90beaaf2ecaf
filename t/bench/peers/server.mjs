// The same four jobs in node: two processes on one socket, better-sqlite3 or, in newer nodes, the built-in SQLite.
import cluster from 'node:cluster';
import http from 'node:http';
import { createRequire } from 'node:module';
import { randomBytes } from 'node:crypto';

const require = createRequire(`${process.env.BENCH_NODE}/`);

function open(path) {
	try {
		return new (require('better-sqlite3'))(path);
	} catch {
		return new (require('node:sqlite').DatabaseSync)(path);
	}
}

function serve() {
	const db = open(process.env.BENCH_DB);
	db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000');
	const get = db.prepare('SELECT body FROM docs WHERE id = ?');
	const add = db.prepare('INSERT INTO docs (id, created, body) VALUES (?, ?, ?)');
	const answer = (res, status, value) => {
		res.writeHead(status, { 'Content-Type': 'application/json' });
		res.end(JSON.stringify(value));
	};
	const insert = (text, res) => {
		const doc = { ...JSON.parse(text), id: randomBytes(13).toString('hex'), created: Date.now() };
		add.run(doc.id, doc.created, JSON.stringify(doc));
		answer(res, 201, doc);
	};
	http.createServer((req, res) => {
		if (req.url === '/hello') {
			res.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
			res.end('hello');
		} else if (req.url === '/fetch') {
			http.get({ port: process.env.BENCH_PORT, headers: { Host: 'nginx.bench' } }, (answer) => {
				res.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
				answer.pipe(res);
			}).on('error', () => res.writeHead(502).end());
		} else if (req.method === 'POST') {
			let text = '';
			req.on('data', (piece) => { text += piece; });
			req.on('end', () => insert(text, res));
		} else {
			const row = get.get(req.url.slice(req.url.lastIndexOf('/') + 1));
			answer(res, row ? 200 : 404, row ? JSON.parse(row.body) : {});
		}
	}).listen(process.env.BENCH_SOCKET);
}

if (cluster.isPrimary) {
	cluster.fork();
	cluster.fork();
	process.on('SIGTERM', () => process.exit(0));
} else {
	serve();
}
