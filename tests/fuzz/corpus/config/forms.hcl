hdatacenter = "x" # c
ports { http = 0x50, dns = -1 }
services "a" { name = "${b "c"}" }
retry_join = ["a", <<-E
  b
  E
]
server = true
rpc = 1.5e3 /* d */