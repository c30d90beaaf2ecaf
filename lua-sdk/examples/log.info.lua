local fazt = require "fazt"
fazt.log.info("imported 12 rows") -- fazt-admin app logs APP
