---@meta fazt
-- Written from fcgi/sys/syscall.def; do not edit.

---@class Doc
---@field id string
---@field owner? string
---@field parent? string
---@field created integer
---@field updated integer
---@field rev integer
---@field [string] any

---@class Share
---@field who string
---@field level "read"|"add"|"change"

---@class Person
---@field id string
---@field name string
---@field role? "admin"|"member"

---@class Blob
---@field name string
---@field size integer
---@field type string
---@field hash string
---@field created integer
---@field updated integer
---@field owner? string
---@field parent? string

---@class Sent
---@field id string
---@field topic string
---@field at integer

---@class File
---@field upload string
---@field name? string
---@field type? string
---@field size? integer

---@class HttpAnswer
---@field status integer
---@field headers table<string, string>
---@field body string
---@field json any
---@field url string
---@field file? File

---@class Request
---@field method string
---@field path string
---@field params table<string, string>
---@field query table<string, string>
---@field headers table<string, string>
---@field cookies table<string, string>
---@field body string
---@field json any
---@field form table<string, string>
---@field files table<string, File>
---@field user? Person
---@field origin string
---@field id string
---@field due integer? the moment that a job was to fire at
---@field trigger "http"|"cron"|"queue"|"event"
---@field input any
---@field run? string

---@class Response
---@field status? integer
---@field headers? table<string, string|number|string[]>
---@field json? any
---@field html? string
---@field text? string
---@field body? string
---@field blob? string
---@field file? string
---@field redirect? string

---@class Html HTML that needs no escaping; tostring() makes a string of it
---@operator concat(any): Html

---@alias Template fun(values?: table<string, any>): string

---@class Schema
---@field fields SchemaField[]
---@field by table<string, SchemaField>

---@class SchemaOptions
---@field unknown? "drop"|"refuse"

---@alias SchemaType "string"|"integer"|"number"|"boolean"|"date"|"time"|"datetime"|"email"|"url"|"enum"|"list"|"object"

---@class SchemaField
---@field [1] string its name
---@field [2] SchemaType
---@field required? boolean
---@field default? any a value, or a function that makes one
---@field label? string
---@field hint? string
---@field message? string in the place of the sentences there are
---@field min? number|string
---@field max? number|string
---@field pattern? string a Lua pattern
---@field trim? boolean
---@field lines? integer a text area with so many
---@field secret? boolean
---@field placeholder? string
---@field step? number
---@field zone? string
---@field values? any[] of an enum
---@field of? table of a list: { "string", max = 20 }
---@field fields? SchemaField[] of an object
---@field unknown? "drop"|"refuse" of an object

---@class CheckOptions
---@field partial? boolean

---@class FormOptions
---@field action? string
---@field method? "post"|"get"
---@field values? table<string, any>
---@field errors? table<string, string>
---@field submit? string
---@field id? string
---@field class? string

---@class DateParts
---@field year integer
---@field month? integer
---@field day? integer
---@field hour? integer
---@field min? integer
---@field sec? integer
---@field ms? integer
---@field weekday? integer 1 is Monday
---@field yearday? integer
---@field offset? integer minutes

---@class DateAmounts
---@field years? integer
---@field months? integer
---@field weeks? integer
---@field days? integer
---@field hours? integer
---@field minutes? integer
---@field seconds? integer
---@field ms? integer

---@class CsvOptions
---@field separator? string
---@field header? boolean
---@field columns? string[]
---@field guard? boolean
---@field bom? boolean

---@class MarkdownOptions
---@field breaks? boolean

---@class PageOptions
---@field newer? string
---@field older? string
---@field label? string

---@class PageMeta
---@field cursor string|userdata
---@field newer string|userdata
---@field older string|userdata

---@class fazt
local fazt = {}

---The settings the owner gave this app.
---@type table<string, string>
fazt.env = {}

fazt.storage = {}

fazt.storage.docs = {}

fazt.storage.kv = {}

fazt.storage.blob = {}

fazt.mail = {}

fazt.users = {}

fazt.app = {}

fazt.run = {}

fazt.test = {}

fazt.http = {}

fazt.log = {}

fazt.crypto = {}

fazt.json = {}

---Sends a notification to the owner's devices and returns { id, topic, at }: { title, body, priority (1 to 5), tags (a list), click (a path of the app), topic (one of several of the app's own) }. The app's name stands in front of the title. at: when it is delivered, in milliseconds; later than now in the owner's quiet hours. Errors: bad_request, too_large (a body over 4,096 bytes), reserved_name (a title that speaks as Fazt), rate_limited (the owner's setting push.app, for each day).
---@param notice any
---@return Sent
function fazt.notify(notice) end

---Starts a run of a file of api/ that returns function(req), with input as req.input, and returns its id. It acts as whoever starts it and survives everything. opts: delay (seconds), key (while a run with that key is under way its id comes back and no other begins), priority (1 to 5, 3 by default), retries (0 to 100, 3 by default), backoff (seconds before the first retry, 5 by default; it doubles). Errors: bad_request (no such file), rate_limited (too many under way), too_large (over 64 KB), quota_exceeded.
---@param handler string
---@param input? any
---@param opts? any
---@return string
function fazt.queue(handler, input, opts) end

---In a run: goes on after so many seconds, or at a moment (milliseconds since 1970, as of fazt.now). Nothing runs meanwhile; behind it fazt.now() is that moment.
---@param until number
function fazt.sleep(until) end

---In a run: goes on with the first signal of that name, or of one of a list of names; one that came before counts. opts: timeout (seconds), after which the result is nil.
---@param events any
---@param opts? any
---@return {event:string, data:any}?
function fazt.wait(events, opts) end

---Sends a run an event (1 to 64 letters, digits and . _ : -), which is kept until it waits for it. For whoever started the run, admins and the app itself. Errors: not_found (no such run of theirs, or it has ended), rate_limited (100 signals wait for it, or 1 MB of them), too_large, quota_exceeded.
---@param run string
---@param event string
---@param data? any
function fazt.signal(run, event, data) end

---In a run: goes on when another run has ended, with what its handler returned. Errors: not_found, app_error (it failed), conflict (it was cancelled, or waits for this one itself), rate_limited (1,000 runs wait one for the other there already).
---@param run string
---@return any
function fazt.join(run) end

---Ends a run, whatever it does just now, and the runs it started. Nothing happens when it has ended. Errors: not_found.
---@param run string
function fazt.cancel(run) end

---In a run: says how far it is, for whoever looks. Errors: bad_request.
---@param done number
---@param total? number
---@param text? string
function fazt.progress(done, total, text) end

---Asks the owner of the node, and goes on with the answer; data (at most 64 KB) is what they decide on, and may come back changed. In a request whoever asked gets 202 and an address to look at, and what follows happens later. opts: timeout (seconds), after which approved is false and by is "timeout"; default: data in that case. Errors: rate_limited (20 questions wait already), too_large.
---@param reason string
---@param data? any
---@param opts? any
---@return {approved:boolean, by:string, note:string, data:any}
function fazt.halt(reason, data, opts) end

---Runs fn once: in a run its result is kept, and comes back without fn when the run goes on later. For what reaches outside; inside it only calls that read or reach outside work. The result passes through JSON. Errors: bad_request, and those of fn.
---@param name string
---@param fn any
---@return any
function fazt.step(name, fn) end

---Runs fn as the app instead of the person: rows of the app, shared rules as an admin, never rows private to people. Needs the permission storage:app; audited.
---@param fn any
---@return any
function fazt.as_app(fn) end

---What the owner told the app, by name: fazt.env.API_KEY, a text or nil. The names are those of `env` in app.json.
---@type table<string, string?>
fazt.env = nil

---The moment of the request in milliseconds since 1970; the same for the whole request.
---@return integer
function fazt.now() end

---A fresh random id, 26 characters that sort by time.
---@return string
function fazt.id() end

---Ends the request with an error of that code (see the list of codes) and message.
---@param code string
---@param message? string
---@return never
function fazt.fail(code, message) end

---Marks a table as a list, so that it encodes as [] even when empty.
---@param items? any
---@return table
function fazt.list(items) end

---JSON's null, as a value.
---@type userdata
fazt.null = nil

---Adds a document and returns it with its reserved fields id owner parent created updated rev. In a collection with a parent, doc.parent names a row the caller can read. Errors: unauthorized or denied (the rule's `add`), not_found (no such parent), conflict (a unique index), quota_exceeded, too_large (over 256 KB, 1,000 fields or 9,994 values), too_deep (over 56 levels), rate_limited (strangers who write too fast).
---@param collection string
---@param doc any
---@return Doc
function fazt.storage.docs.insert(collection, doc) end

---The document, or nil when it does not exist or the caller may not read it. get, find and count take "APP/COLLECTION" too, for an import the owner granted. Errors then: permission_denied (not declared or not granted), not_found (gone, or not exported), app_disabled.
---@param collection string
---@param id string
---@return Doc?
function fazt.storage.docs.get(collection, id) end

---The documents the caller may read that match the query, and a cursor when there are more. query: { field = value } or { field = { op = value } } with eq ne gt gte lt lte in nin prefix contains exists, and ["and"] ["or"] ["not"]. opts: sort ("-created" or a list), limit (1 to 1000, 100 by default), cursor, fields (a list). A field to compare or sort by may lie 8 names deep ("a.b.c"); a query takes two seconds at most. Errors: bad_query, bad_cursor.
---@param collection string
---@param query? any
---@param opts? any
---@return Doc[], string?
function fazt.storage.docs.find(collection, query, opts) end

---How many documents the caller may read match the query. Errors: bad_query.
---@param collection string
---@param query? any
---@return integer
function fazt.storage.docs.count(collection, query) end

---Merges changes into the document's top level (fazt.null removes a field) and returns it. opts.rev: only if this is still its revision. Errors: not_found (or not readable), denied (readable but not changeable), conflict (rev or a unique index), quota_exceeded, and for what it becomes too_large and too_deep as insert.
---@param collection string
---@param id string
---@param changes any
---@param opts? any
---@return Doc
function fazt.storage.docs.update(collection, id, changes, opts) end

---Puts doc in the place of the document's own fields. Options and errors as update.
---@param collection string
---@param id string
---@param doc any
---@param opts? any
---@return Doc
function fazt.storage.docs.replace(collection, id, doc, opts) end

---Deletes the document, its shares and everything that hangs below it. Errors: not_found, denied.
---@param collection string
---@param id string
function fazt.storage.docs.delete(collection, id) end

---Shares a row of the caller's own with a person (a user id), "members" or "anyone", to "read", "add" below it, or "change"; nil ends it. Errors: not_found, denied (not the row's owner), bad_request (no such person).
---@param collection string
---@param id string
---@param who string
---@param level? string
function fazt.storage.docs.share(collection, id, who, level) end

---With whom the row is shared: a list of { who, level }. Only for its owner. Errors: not_found, denied.
---@param collection string
---@param id string
---@return Share[]
function fazt.storage.docs.shares(collection, id) end

---The value under a key, or nil. A key whose name up to the first / is a declared collection belongs to the app under that collection's rule; every other key is private to the person. Errors: unauthorized (a private key without a person), denied.
---@param key string
---@return any
function fazt.storage.kv.get(key) end

---Sets a key (at most 512 bytes) to any JSON value (at most 64 KB, nested 56 levels deep). opts.ttl: seconds until it is gone. Errors: as get, quota_exceeded, too_large, too_deep.
---@param key string
---@param value any
---@param opts? any
function fazt.storage.kv.set(key, value, opts) end

---Forgets a key. Errors: as get.
---@param key string
function fazt.storage.kv.delete(key) end

---The keys that begin with prefix in order, and a cursor when there are more. opts: limit (1 to 1000, 100 by default), cursor. Errors: as get, bad_cursor.
---@param prefix string
---@param opts? any
---@return {key:string, value:any}[], string?
function fazt.storage.kv.list(prefix, opts) end

---Adds to the number under a key (0 when absent; 1 by default), atomically, and returns it. Errors: as get, conflict (not a number).
---@param key string
---@param by? number
---@return number
function fazt.storage.kv.incr(key, by) end

---Sets a key to new if its value equals old (nil: absent); new nil deletes. Returns whether it did. Errors: as set.
---@param key string
---@param old? any
---@param new? any
---@return boolean
function fazt.storage.kv.cas(key, old, new) end

---Keeps a file under a name (at most 512 bytes) and returns { name, size, type, hash, created, updated, owner, parent }. content: a string of bytes (at most 1 MB), a file of req.files, or { upload = ID } of an upload the person made. A name whose part up to the first / is a declared collection belongs to that collection under its rule; every other one is private to the person. A file of that name which the caller may change is replaced. opts: type (else that of the upload, else by the name's ending), parent (as of documents). Errors: unauthorized or denied, not_found (no such parent or upload), conflict (the name is taken, or the upload is not whole), quota_exceeded, too_large.
---@param name string
---@param content string|File
---@param opts? any
---@return Blob
function fazt.storage.blob.put(name, content, opts) end

---The bytes of a file of at most 1 MB and what is known about it, or nil when it does not exist or the caller may not read it. Errors: unauthorized (a private name without a person), too_large (answer with { blob = name } instead).
---@param name string
---@return string?, Blob
function fazt.storage.blob.get(name) end

---What is known about a file, without its bytes, or nil. Errors: as get.
---@param name string
---@return Blob?
function fazt.storage.blob.head(name) end

---The files the caller may read whose names begin with prefix (its part up to the first / names the collection), in order of name, and a cursor when there are more. opts: limit (1 to 1000, 100 by default), cursor. Errors: as get, bad_cursor.
---@param prefix string
---@param opts? any
---@return Blob[], string?
function fazt.storage.blob.list(prefix, opts) end

---Deletes a file; nothing happens when there is none the caller may read. Errors: as get, denied.
---@param name string
function fazt.storage.blob.delete(name) end

---An address at which anyone who has it gets the file, without signing in, until it expires or the file is replaced or deleted; nil when there is none. opts: expires (seconds, 1 to 604800, 3600 by default). Errors: as get.
---@param name string
---@param opts? any
---@return string?
function fazt.storage.blob.url(name, opts) end

---What storage.tx sends: { reads = {{collection, id, rev}…}, writes = {{op, …}…} }, checked and applied in one transaction. Errors: conflict, and those of each write.
---@param batch any
---@return table
function fazt.storage.commit(batch) end

---Runs fn with reads remembered and writes collected, then commits them all at once; on conflict fn runs again, up to 5 times. Returns what fn returns. Errors: conflict, not_at_load, and those of its writes.
---@param fn any
---@return any
function fazt.storage.tx(fn) end

---Sends a mail and returns the id of the run that delivers it: { to ("owner", the id of a person, or an address), subject, text, html, reply_to }; one of text and html will do, 256 KB together. It goes out at once or as soon as the owner's server takes it, and survives everything; a run may fazt.join it to learn what became of it. Permissions: mail:owner, mail:members or mail:anyone, by whom it is to. Errors: permission_denied, not_found (no such person), bad_request (no address, line breaks in a subject), too_large, rate_limited (app.mails, for each day), unsupported (the owner has set no mail server).
---@param letter any
---@return string
function fazt.mail.send(letter) end

---A person of this app by id: { id, name }, or nil.
---@param id string
---@return Person?
function fazt.users.get(id) end

---The people of this app: a list of { id, name, role }.
---@return Person[]
function fazt.users.list() end

---Proposes a version of an app to the owner of the node, or a new app, and goes on with the answer, as halt does. files: paths and what is to be in them: a text, { blob = NAME } of a file of this app's, or fazt.null to take one away; every other file stays as it is in the version that serves. It is checked, tried and rehearsed as any upgrade is, the owner sees each change and permission, and yes deploys exactly these bytes; version is the app's then. opts: reason (a sentence, needed), base (the version, or hash, this is for), timeout (seconds, a week by default), after which approved is false and by is "timeout". Errors: stale (another version serves), conflict (nothing would change), reserved_name (Fazt's own apps), rate_limited (5 proposals wait already), and what is wrong with the package: bad_path, bad_manifest, bad_package …
---@param app string
---@param files any
---@param opts? any
---@return {approved:boolean, by:string, note:string, version:integer?}
function fazt.app.propose(app, files, opts) end

---What fazt.step asks first: { value } of a step that is known, else nil.
---@param name string
---@return table?
function fazt.run.look(name) end

---What fazt.step says at its end: the value is kept, and comes back.
---@param name string
---@param value? any
---@return any
function fazt.run.keep(name, value) end

---What fazt.step says when its function failed: the error is kept until the run is tried again, and comes back.
---@param name string
---@param code? string
---@param message? string
---@return never
function fazt.run.drop(name, code, message) end

---In an app's own tests only, as all of fazt.test; require "fazt.test" wraps it. Sends a request to the app as somebody (nobody: a stranger). Returns the head of the answer as one line of JSON, and behind it the body.
---@param who string
---@param method string
---@param target string
---@param headers? any
---@param body? string
---@return string
function fazt.test.request(who, method, target, headers, body) end

---Somebody with an account, made when there is none of that name; role is member or admin. Errors: bad_request (not a name).
---@param name string
---@param role? string
---@return Person
function fazt.test.person(name, role) end

---From now on the test's own calls are made as this person; nil: as the app. Errors: not_found.
---@param who? string
function fazt.test.become(who) end

---Moves the clock of the throw-away Fazt forward, from one moment at which a run or a job is due to the next, lets each go on, and returns the new moment in milliseconds; without seconds it only reads the clock. Errors: bad_request (not forward).
---@param seconds? number
---@return integer
function fazt.test.advance(seconds) end

---Tells the app what its manifest asks for in `env`, as its owner would; its requests have it from then on. Errors: not_found (no such name).
---@param name string
---@param value string
---@return table
function fazt.test.env(name, value) end

---Answers the question (fazt.halt) of the app that waits longest, as its owner would, and returns what was asked. data: what the app gets in the place of its own. t.approve(data, note) and t.deny(note) make it. Errors: not_found (none waits).
---@param approved boolean
---@param data? any
---@param note? string
---@return {reason:string, data:any}
function fazt.test.answer(approved, data, note) end

---The mails the app has sent, oldest first, as it said them: { to, subject, text, html, reply_to }. In tests everybody has an address, and nothing leaves.
---@return table[]
function fazt.test.mails() end

---The notifications the app has sent, in the order in which they become visible, as a phone gets them: { id, time, topic, title, message, priority, tags, click }.
---@return table[]
function fazt.test.notifications() end

---What other servers answer from now on: { ["GET https://…"] = a list of { status, headers, body } or { fails = CODE } }. t.server makes it. Until then there are none.
---@param answers any
function fazt.test.server(answers) end

---What the app has sent to other servers in this test: a list of { method, url, headers, body, answered }.
---@return table[]
function fazt.test.sent() end

---What http.request sends: headers by name, and its options but for those that become the body. Returns the bytes of the answer, and { status, headers, url, file }. Errors: as http.request.
---@param method string
---@param url string
---@param headers? any
---@param opts? any
---@param body? string
---@return string?, table
function fazt.http.send(method, url, headers, opts, body) end

---What http.request with stream sends: as http.send, but the body of a 2xx answer stays to be read, by the number in the field stream. At most four at once, until the request ends; in a run inside fazt.step only.
---@param method string
---@param url string
---@param headers? any
---@param opts? any
---@param body? string
---@return string?, table
function fazt.http.open(method, url, headers, opts, body) end

---The next piece of an answer that http.open left to be read, as soon as it is there; empty at its end, and then it is closed. Errors: bad_request (not open), fetch_failed (it broke off), timeout, response_too_large.
---@param stream integer
---@return string
function fazt.http.read(stream) end

---Gives up what was not read of an answer that http.open left to be read. Nothing happens when it is closed already.
---@param stream integer
function fazt.http.close(stream) end

---Sends a request to another server and returns { status, headers, body, url }; its field json is the body decoded. The app needs the permission net:HOST[:PORT], exactly; plain http is net:http://HOST[:PORT]. opts: headers, and one of json, form (a table) and body (a string, at most 1 MB); secret (a name of `env` in app.json with `host`: sent to that host alone, and never seen by the app), timeout (seconds, 15 at most), redirects (that are followed, 0 to 3; 3 by default), retries (0 by default, 5 at most: of what may be sent twice, after Retry-After or a growing pause), file (a name: the body of a 2xx answer, of any size, becomes a file for blob.put, in the field file), stream (fn(piece, answer): the body of a 2xx answer, of any size, is given to it as it comes; false ends it. In a run inside fazt.step only). Errors: permission_denied, bad_request, blocked_address, fetch_failed, timeout, response_too_large (over 1 MB without file or stream), rate_limited (four at once, or the bytes of a day), loop_detected.
---@param method string
---@param url string
---@param opts? any
---@return HttpAnswer
function fazt.http.request(method, url, opts) end

---http.request with GET.
---@param url string
---@param opts? any
---@return HttpAnswer
function fazt.http.get(url, opts) end

---http.request with POST.
---@param url string
---@param opts? any
---@return HttpAnswer
function fazt.http.post(url, opts) end

---One line in the app's log, at most 4 KB of it.
---@param message string
function fazt.log.info(message) end

---The same, as a warning.
---@param message string
function fazt.log.warn(message) end

---The same, as an error.
---@param message string
function fazt.log.error(message) end

---Hex digest: sha256, sha512 or blake2b. Errors: bad_request.
---@param algorithm string
---@param data string
---@return string
function fazt.crypto.hash(algorithm, data) end

---Hex HMAC with sha256 or sha512. Errors: bad_request.
---@param algorithm string
---@param key string
---@param data string
---@return string
function fazt.crypto.hmac(algorithm, key, data) end

---Compares two secrets in constant time.
---@param a string
---@param b string
---@return boolean
function fazt.crypto.equal(a, b) end

---n random bytes (1 to 1024).
---@param n integer
---@return string
function fazt.crypto.random(n) end

---JSON text of a value. Errors: bad_request, too_deep.
---@param value any
---@return string
function fazt.json.encode(value) end

---The value of a JSON text; null becomes fazt.null. Errors: bad_request, too_deep.
---@param text string
---@return any
function fazt.json.decode(text) end

return fazt
