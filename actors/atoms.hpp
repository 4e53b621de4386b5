#pragma once

// The first word of each message: what is wished or has happened.

#include <caf/atom.hpp>

namespace praetor::actors {

// An atom has at most ten characters.
namespace at {
using propose = caf::atom_constant<caf::atom("propose")>;
using read = caf::atom_constant<caf::atom("read")>;
using lock = caf::atom_constant<caf::atom("lock")>;
using install = caf::atom_constant<caf::atom("install")>;
using transfer = caf::atom_constant<caf::atom("transfer")>;
using bootstrap = caf::atom_constant<caf::atom("bootstrap")>;
using join = caf::atom_constant<caf::atom("join")>;
using tick = caf::atom_constant<caf::atom("tick")>;
using flush = caf::atom_constant<caf::atom("flush")>;
using save = caf::atom_constant<caf::atom("save")>;
using apply = caf::atom_constant<caf::atom("apply")>;
using adopt = caf::atom_constant<caf::atom("adopt")>;
using publish = caf::atom_constant<caf::atom("publish")>;
using subscribe = caf::atom_constant<caf::atom("subscribe")>;
using watch = caf::atom_constant<caf::atom("watch")>;
using unwatch = caf::atom_constant<caf::atom("unwatch")>;
using expire = caf::atom_constant<caf::atom("expire")>;
using created = caf::atom_constant<caf::atom("created")>;
using renew = caf::atom_constant<caf::atom("renew")>;
using lead = caf::atom_constant<caf::atom("lead")>;
using call = caf::atom_constant<caf::atom("call")>;
using report = caf::atom_constant<caf::atom("report")>;
using members = caf::atom_constant<caf::atom("members")>;
using retire = caf::atom_constant<caf::atom("retire")>;
using probe = caf::atom_constant<caf::atom("probe")>;
using received = caf::atom_constant<caf::atom("received")>;
using written = caf::atom_constant<caf::atom("written")>;
using closed = caf::atom_constant<caf::atom("closed")>;
using stop = caf::atom_constant<caf::atom("stop")>;
using reload = caf::atom_constant<caf::atom("reload")>;
using sync = caf::atom_constant<caf::atom("sync")>;
using update = caf::atom_constant<caf::atom("update")>;
using snapshot = caf::atom_constant<caf::atom("snapshot")>;
using remove = caf::atom_constant<caf::atom("remove")>;
using resolve = caf::atom_constant<caf::atom("resolve")>;
using service = caf::atom_constant<caf::atom("service")>;
using check = caf::atom_constant<caf::atom("check")>;
using add = caf::atom_constant<caf::atom("add")>;
using leave = caf::atom_constant<caf::atom("leave")>;
using fire = caf::atom_constant<caf::atom("fire")>;
using keys = caf::atom_constant<caf::atom("keys")>;
} // namespace at

} // namespace praetor::actors
