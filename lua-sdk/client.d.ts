// Types of /_fazt/client.js. In tsconfig.json: "paths": { "/_fazt/client.js": ["./client.d.ts"] }

/** What went wrong: a code of the reference ("offline": nothing answered), and a sentence for whoever looks. */
export class FaztError extends Error {
	readonly code: string;
	/** 0: nothing answered */
	readonly status: number;
	/** names the request in the app's log */
	readonly requestId: string;
	/** of code "invalid": a sentence for each field */
	readonly fields: Record<string, string>;
}

export interface User {
	/** different in every app */
	id: string;
	name: string;
	role: 'admin' | 'member';
}

export interface AskOptions {
	signal?: AbortSignal;
	headers?: Record<string, string>;
}

export interface UploadOptions {
	/** bytes sent, of how many */
	onprogress?: (sent: number, total: number) => void;
	signal?: AbortSignal;
	/** in the place of the file's own */
	name?: string;
	type?: string;
	/** where uploads are taken: /_fazt/upload */
	path?: string;
	/** bytes in one request: 8 MB */
	piece?: number;
}

export interface Upload {
	/** its id, for the app's handler */
	upload: string;
	name: string;
	type: string;
	size: number;
}

/** Each answers the JSON that came (text where it is none, null where nothing came), or throws a FaztError. */
export interface Fazt {
	get<T = unknown>(path: string, options?: AskOptions): Promise<T>;
	post<T = unknown>(path: string, json?: unknown, options?: AskOptions): Promise<T>;
	put<T = unknown>(path: string, json?: unknown, options?: AskOptions): Promise<T>;
	patch<T = unknown>(path: string, json?: unknown, options?: AskOptions): Promise<T>;
	delete<T = unknown>(path: string, options?: AskOptions): Promise<T>;
	/** The person who is signed in to this app, or null. */
	user(): Promise<User | null>;
	/** Leave this page to sign in, and come back to it, or to next. */
	signIn(next?: string): void;
	/** Sign out of this app; the page stays. */
	signOut(): Promise<void>;
	/** Upload a file in pieces (tus 1.0.0); a break of the connection is survived. */
	upload(file: Blob & { name?: string }, options?: UploadOptions): Promise<Upload>;
}

export const fazt: Fazt;
export default fazt;
