// Mail servers for tests, on the loopback (npm's smtp-server): one that encrypts by STARTTLS, one from the first byte on, one that
// cannot, one whose certificate is for another name, and one that says nothing. Started by Fazt::Mail with the folder of the
// certificates and of npm's packages; prints its ports. What it takes lies in the folder as NUMBER.eml, what it was told in "said".
//
// A recipient's name is what happens: busy-ANYTHING is told 451 once, then taken; later-… always 451; nobody-… 550; slow-… is answered
// after a second and a half, tardy-… 550 then; held-… is taken, and that is said three seconds later the first time; lost-… is taken, and the connection
// cut the first time before it is said; with cut-… each time, and no other connection is.
import fs from 'node:fs'
import net from 'node:net'
import { createRequire } from 'node:module'

const [dir, packages] = process.argv.slice(2)
const { SMTPServer } = createRequire(packages + '/')('smtp-server')
const read = name => fs.readFileSync(`${dir}/${name}`)
const seen = {}
let mails = 0

const refuse = (code, text) => Object.assign(new Error(text), { responseCode: code })
const say = (...words) => fs.appendFileSync(`${dir}/said`, words.join(' ') + '\n')

const rules = {
  busy: n => n === 1 && refuse(451, '4.7.1 greylisted, try again'),
  later: () => refuse(451, '4.3.0 not now'),
  nobody: () => refuse(550, '5.1.1 no such mailbox'),
  tardy: () => refuse(550, '5.1.1 no such mailbox'),
}

function listen(kind, options) {
  const server = new SMTPServer({
    key: read('key.pem'), cert: read('good.pem'), authMethods: ['PLAIN', 'LOGIN'], authOptional: kind !== 'strict', size: 2000000,
    disableReverseLookup: true, closeTimeout: 100, logger: false,
    onConnect(session, done) { say('connect', kind, session.id); done() },
    onAuth(auth, session, done) {
      say('auth', kind, auth.method, auth.username, session.secure ? 'encrypted' : 'clear')
      auth.username === 'cloud' && auth.password === 'p@ss "word"' ? done(null, { user: 'cloud' }) : done(refuse(535, '5.7.8 bad name or password'))
    },
    onMailFrom(address, session, done) {
      say('from', kind, address.address, session.secure ? 'encrypted' : 'clear', session.hostNameAppearsAs)
      done(address.address.startsWith('forbidden') ? refuse(553, '5.7.1 not your address') : undefined)
    },
    onRcptTo(address, session, done) {
      const name = address.address.split(/[-@]/)[0]
      seen[address.address] = (seen[address.address] ?? 0) + 1
      say('to', kind, address.address)
      const why = rules[name]?.(seen[address.address])
      setTimeout(() => done(why || undefined), ['slow', 'tardy'].includes(name) ? 1500 : 0)
    },
    onData(stream, session, done) {
      const parts = []
      stream.on('data', p => parts.push(p))
      stream.on('end', () => {
        const file = `${dir}/${++mails}.eml`
        fs.writeFileSync(file + '.part', Buffer.concat(parts))
        fs.renameSync(file + '.part', file)
        const to = session.envelope.rcptTo[0].address, first = seen[to] === 1
        say('taken', kind, to)
        if (first && to.startsWith('lost')) return server.connections.forEach(c => c._socket.destroy())
        if (to.startsWith('cut')) return server.connections.forEach(c => c.id === session.id && c._socket.destroy())
        setTimeout(() => done(null, '2.0.0 queued'), first && to.startsWith('held') ? 3000 : 0)
      })
    },
    ...options,
  })
  server.on('error', e => say('error', kind, e.message))
  return new Promise(done => server.listen(0, '127.0.0.1', () => done(server.server.address().port)))
}

const ports = {
  starttls: await listen('starttls', {}),
  strict: await listen('strict', {}),
  tls: await listen('tls', { secure: true }),
  clear: await listen('clear', { hideSTARTTLS: true, allowInsecureAuth: true }),
  wrong: await listen('wrong', { cert: read('wrong.pem') }),
  silent: await new Promise(done => { const s = net.createServer(() => say('connect silent')); s.listen(0, '127.0.0.1', () => done(s.address().port)) }),
}
fs.writeFileSync(`${dir}/ports.part`, JSON.stringify(ports))
fs.renameSync(`${dir}/ports.part`, `${dir}/ports`)
