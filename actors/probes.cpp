#include "actors/probes.hpp"

#include "actors/io/process.hpp"
#include "actors/io/tcp_probe.hpp"
#include "actors/io/udp_probe.hpp"

namespace praetor::actors {

namespace probes = praetor::io;

probes::probe loop_probes::start(const model::check_wish& wish,
                                 const health::settings& rules,
                                 probes::probe_callback done) {
  PRAETOR_ASSERT(loop_.on_thread());
  auto then = [done = std::move(done),
               on = &loop_](health::probe_result found) {
    done(std::move(found));
    on->drain();
  };
  auto* raw = loop_.raw();
  if (!wish.args.empty())
    return probes::start_process(
        raw, {wish.args, rules.timeout, rules.output_max_size}, then);
  if (!wish.tcp.empty())
    return probes::start_tcp_probe(raw, {wish.tcp, rules.timeout}, then);
  if (!wish.udp.empty())
    return probes::start_udp_probe(raw, {wish.udp, rules.timeout}, then);
  if (!prober_)
    prober_ = std::make_unique<probes::http_prober>(raw);
  if (!wish.grpc.empty())
    return prober_->start_grpc(
        {wish.grpc, wish.grpc_use_tls, wish.tls_skip_verify, rules.timeout},
        then);
  PRAETOR_ASSERT(!wish.http.empty());
  return prober_->start({wish.http, wish.method, wish.header, wish.body,
                         wish.tls_skip_verify, rules.timeout,
                         rules.output_max_size},
                        then);
}

} // namespace praetor::actors
