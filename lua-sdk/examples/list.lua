local fazt = require "fazt"
assert(fazt.json.encode { tags = fazt.list {} } == '{"tags":[]}')
assert(fazt.json.encode { tags = {} } == '{"tags":{}}')
