// @ts-check
// The browser's end of an app: requests with the right headers, who is signed in, uploads. Every Fazt serves it.
//
//     import { fazt } from '/_fazt/client.js';
//     const note = await fazt.post('/notes', { title: 'Milk' });
//
// Its types are in lua-sdk/client.d.ts.

const PIECE = 8 * 1024 * 1024;
const TRIES = 5;

/** What went wrong: a code of the reference, a sentence for whoever looks, the status (0: nothing answered). */
export class FaztError extends Error {
	/** @param {{ code: string, message: string, status: number, requestId?: string, fields?: Record<string, string> }} what */
	constructor({ code, message, status, requestId = '', fields = {} }) {
		super(message);
		this.name = 'FaztError';
		this.code = code;
		this.status = status;
		this.requestId = requestId;
		this.fields = fields;
	}
}

const offline = () => new FaztError({ code: 'offline', message: 'There is no connection; try again.', status: 0 });

/** @param {string} text */
function parsed(text) {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/** @param {number} status @param {string} text */
function failure(status, text) {
	const said = parsed(text)?.error ?? {};
	return new FaztError({ code: said.code ?? 'http', message: said.message ?? `The answer was ${status}.`, status, requestId: said.request_id, fields: said.fields });
}

/** @param {string} path @param {RequestInit} init */
async function answer(path, init) {
	try {
		return await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...init });
	} catch (e) {
		if (init.signal?.aborted) throw e;
		throw offline();
	}
}

/**
 * @param {string} method @param {string} path @param {unknown} [json] @param {{ signal?: AbortSignal, headers?: Record<string, string> }} [options]
 * @returns {Promise<any>}
 */
async function ask(method, path, json, { signal, headers } = {}) {
	/** @type {Record<string, string>} */
	const sent = { Accept: 'application/json', ...headers };
	if (json !== undefined) sent['Content-Type'] = 'application/json';
	const r = await answer(path, { method, signal, headers: sent, body: json === undefined ? undefined : JSON.stringify(json) });
	const text = await r.text().catch(() => { throw offline(); });
	if (!r.ok) throw failure(r.status, text);
	if (!text) return null;
	return /^application\/[\w.+-]*json\b/i.test(r.headers.get('Content-Type') ?? '') ? JSON.parse(text) : text;
}

// ---- who is signed in ----

/** The person who is signed in to this app, or null. @returns {Promise<{ id: string, name: string, role: 'admin' | 'member' } | null>} */
async function user() {
	return (await ask('GET', '/_fazt/me')).user;
}

/** Leave this page to sign in, and come back to it. @param {string} [next] */
function signIn(next = location.pathname + location.search) {
	location.assign(`/_fazt/sign-in?next=${encodeURIComponent(next)}`);
}

/** Sign out of this app. The page stays; show what strangers see. */
async function signOut() {
	await ask('POST', '/_fazt/sign-out', undefined, { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
}

// ---- uploads: tus 1.0.0 ----

const TUS = { 'Tus-Resumable': '1.0.0' };

/** @param {string} text base64 of its UTF-8 */
const encoded = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** @param {number} ms @param {AbortSignal} [signal] @returns {Promise<void>} */
const pause = (ms, signal) => new Promise((resolve, reject) => {
	const timer = setTimeout(resolve, ms);
	signal?.addEventListener('abort', () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
});

/** One PATCH: the offset behind it. fetch tells nothing of how far it is, so this is the older way. */
/** @param {URL} url @param {Blob} piece @param {number} offset @param {(sent: number) => void} progress @param {AbortSignal} [signal] @returns {Promise<number>} */
function patch(url, piece, offset, progress, signal) {
	return new Promise((resolve, reject) => {
		const xhr = new XMLHttpRequest();
		const abort = () => xhr.abort();
		xhr.open('PATCH', url);
		for (const [name, value] of Object.entries(TUS)) xhr.setRequestHeader(name, value);
		xhr.setRequestHeader('Upload-Offset', String(offset));
		xhr.setRequestHeader('Content-Type', 'application/offset+octet-stream');
		xhr.setRequestHeader('Accept', 'application/json');
		xhr.upload.onprogress = (e) => progress(offset + e.loaded);
		xhr.onload = () => {
			const reached = Number(xhr.getResponseHeader('Upload-Offset'));
			if (xhr.status !== 204) reject(failure(xhr.status, xhr.responseText));
			else if (reached > offset) resolve(reached);
			else reject(new FaztError({ code: 'http', message: 'The upload does not go on.', status: xhr.status }));
		};
		xhr.onerror = () => reject(offline());
		xhr.onabort = () => reject(signal?.reason ?? offline());
		xhr.onloadend = () => signal?.removeEventListener('abort', abort);
		signal?.addEventListener('abort', abort, { once: true });
		xhr.send(piece);
	});
}

/** How much of it has arrived. @param {URL} url @param {AbortSignal} [signal] */
async function arrived(url, signal) {
	const r = await answer(url.href, { method: 'HEAD', headers: TUS, signal });
	const offset = Number(r.headers.get('Upload-Offset') ?? NaN);
	if (!r.ok || !Number.isSafeInteger(offset)) throw failure(r.status, '');
	return offset;
}

/** Is it worth another try: nothing answered, the server is busy, or it knows another offset (409). @param {unknown} e */
const passing = (e) => e instanceof FaztError && (e.status === 0 || e.status === 409 || e.status === 423 || e.status === 429 || e.status >= 500);

/**
 * Upload a file in pieces; a break of the connection is survived. What comes back is for the app: its handler claims the upload by this id.
 * @param {Blob & { name?: string }} file
 * @param {{ onprogress?: (sent: number, total: number) => void, signal?: AbortSignal, name?: string, type?: string, path?: string, piece?: number }} [options]
 */
async function upload(file, { onprogress, signal, name = file.name ?? 'file', type = file.type || 'application/octet-stream', path = '/_fazt/upload', piece = PIECE } = {}) {
	signal?.throwIfAborted();
	const r = await answer(path, { method: 'POST', signal, headers: { ...TUS, Accept: 'application/json', 'Upload-Length': String(file.size),
		'Upload-Metadata': `filename ${encoded(name)},filetype ${encoded(type)}` } });
	const at = r.headers.get('Location'), said = await r.text().catch(() => '');
	if (r.status !== 201 || !at) throw failure(r.status, said);
	const url = new URL(at, new URL(path, location.href));
	let offset = 0, tries = 0;
	onprogress?.(0, file.size);
	while (offset < file.size) {
		try {
			offset = await patch(url, file.slice(offset, offset + piece), offset, (sent) => onprogress?.(Math.min(sent, file.size), file.size), signal);
			tries = 0;
		} catch (e) {
			if (!passing(e) || ++tries >= TRIES) throw e;
			await pause(250 * 2 ** tries, signal);
			offset = await arrived(url, signal).catch((again) => { if (passing(again)) return offset; throw again; });
		}
		onprogress?.(offset, file.size);
	}
	return { upload: decodeURIComponent(url.pathname.split('/').filter(Boolean).pop() ?? ''), name, type, size: file.size };
}

export const fazt = {
	/** @param {string} path @param {object} [options] */
	get: (path, options) => ask('GET', path, undefined, options),
	/** @param {string} path @param {unknown} [json] @param {object} [options] */
	post: (path, json, options) => ask('POST', path, json, options),
	/** @param {string} path @param {unknown} [json] @param {object} [options] */
	put: (path, json, options) => ask('PUT', path, json, options),
	/** @param {string} path @param {unknown} [json] @param {object} [options] */
	patch: (path, json, options) => ask('PATCH', path, json, options),
	/** @param {string} path @param {object} [options] */
	delete: (path, options) => ask('DELETE', path, undefined, options),
	user, signIn, signOut, upload,
};
export default fazt;
