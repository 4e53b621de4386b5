// Archives of the state. What is restored goes through the log in pieces, so
// that every server takes the same state at the same index; it is read and
// checked as a whole before the first piece is proposed.

#include "actors/archivist.hpp"

#include "http/replies.hpp"
#include "http/snapshot_archive.hpp"
#include "storage/consul_state.hpp"
#include "storage/state_codec.hpp"

#include <caf/actor_system.hpp>
#include <spdlog/spdlog.h>

namespace praetor::actors {
namespace {

constexpr const char* producer = "praetor";

std::string encode(storage::state what) {
  // A restore that is under way is none of an archive's business.
  what.restoring = {};
  storage::state_encoder encoder(std::move(what));
  std::string out;
  for (auto chunk = encoder.next(); !chunk.empty(); chunk = encoder.next())
    out += chunk;
  return out;
}

http::rendered_ptr save(archivist_ptr self, const archive_request& asked) {
  auto now = self->state.parts.wall_clock();
  http::archive_facts facts;
  facts.index = storage::newest_index(*asked.state);
  facts.term = asked.in_term;
  facts.id = std::to_string(facts.term) + "-" + std::to_string(facts.index) +
             "-" + std::to_string(now);
  facts.producer = producer;
  auto out = std::make_shared<http::rendered>();
  out->content_type = "application/x-gzip";
  out->index = facts.index;
  auto bytes = http::write_archive(facts, encode(*asked.state), now / 1000);
  if (bytes.size() > http::archive_bytes_max)
    return http::error_reply(
        500, "the snapshot has " + std::to_string(bytes.size()) +
                 " bytes; what can be restored has at most " +
                 std::to_string(http::archive_bytes_max));
  spdlog::info("agent.snapshot: saved {} ({} bytes)", facts.id, bytes.size());
  out->body = std::make_shared<const std::string>(std::move(bytes));
  return out;
}

struct restorable {
  std::string stream;   // of the state
  std::string left_out; // what was in the archive and is not in the state
};

// An archive of Consul's.
result<restorable> read_foreign(const http::state_archive& archive) {
  auto read = storage::read_consul_state(archive.state);
  if (!read)
    return read.failure();
  restorable out;
  out.stream = encode(std::move(read->made));
  for (auto& [name, count] : read->left_out)
    out.left_out += (out.left_out.empty() ? "" : ", ") + name + " (" +
                    std::to_string(count) + ")";
  return out;
}

// The stream of the state in an archive, when a state comes out of it.
result<restorable> read_stream(std::string_view bytes) {
  auto archive = http::read_archive(bytes);
  if (!archive)
    return archive.failure();
  if (archive->facts.producer != producer)
    return read_foreign(*archive);
  storage::state_decoder decoder;
  if (auto ok = decoder.feed(archive->state); !ok)
    return ok.failure();
  if (auto made = std::move(decoder).finish(); !made)
    return made.failure();
  return restorable{std::move(archive->state), {}};
}

struct restoring {
  std::string id;
  std::string bytes;    // compressed
  std::string left_out; // to be told
  std::uint64_t next = 0;
  caf::typed_response_promise<http::rendered_ptr> promise;
};
using restoring_ptr = std::shared_ptr<restoring>;

void send_next(archivist_ptr self, const restoring_ptr& job);

void give_up(archivist_ptr self, const restoring_ptr& job,
             const std::string& why) {
  spdlog::error("agent.snapshot: the restore failed: {}", why);
  proposal abort{std::make_shared<const std::string>(
      model::encode(model::restore_abort{job->id}))};
  self->request(self->state.parts.gateway, caf::infinite, at::propose::value,
                std::move(abort))
      .then([](const model::outcome&) {}, [](caf::error&) {});
  job->promise.deliver(http::error_reply(500, why));
}

void finish(const restoring_ptr& job) {
  spdlog::info("agent.snapshot: restored, {} compressed bytes",
               job->bytes.size());
  // Clients expect an empty body, so what is missing is told in the head.
  auto answer = std::make_shared<http::rendered>(*http::empty_reply(200));
  if (!job->left_out.empty()) {
    spdlog::warn("agent.snapshot: left out of the restored state, because "
                 "praetor keeps no such records: {}",
                 job->left_out);
    answer->headers.push_back({"X-Praetor-Left-Out", job->left_out});
  }
  job->promise.deliver(http::rendered_ptr(std::move(answer)));
}

void send_next(archivist_ptr self, const restoring_ptr& job) {
  model::restore_part part;
  part.id = job->id;
  part.number = job->next++;
  auto from = part.number * storage::restore_part_bytes_max;
  part.bytes = job->bytes.substr(from, storage::restore_part_bytes_max);
  part.last = from + part.bytes.size() == job->bytes.size();
  bool last = part.last;
  proposal one{
      std::make_shared<const std::string>(model::encode(std::move(part)))};
  self->request(self->state.parts.gateway, caf::infinite, at::propose::value,
                std::move(one))
      .then(
          [=](const model::outcome& done) {
            if (done.failure.code != errc::ok)
              give_up(self, job, done.failure.text);
            else if (last)
              finish(job);
            else
              send_next(self, job);
          },
          [=](caf::error& why) {
            give_up(self, job, self->system().render(why));
          });
}

caf::typed_response_promise<http::rendered_ptr> restore(archivist_ptr self,
                                                        const proposal& given) {
  auto promise = self->make_response_promise<http::rendered_ptr>();
  auto stream = read_stream(*given.data);
  if (!stream) {
    promise.deliver(http::error_reply(500, stream.failure().text));
    return promise;
  }
  auto job = std::make_shared<restoring>();
  job->id = self->state.parts.make_id();
  job->bytes = storage::compress_state(stream->stream);
  job->left_out = std::move(stream->left_out);
  job->promise = promise;
  if (job->bytes.size() > storage::restore_bytes_max)
    promise.deliver(http::error_reply(
        413, "the state has " + std::to_string(job->bytes.size()) +
                 " compressed bytes, allowed are " +
                 std::to_string(storage::restore_bytes_max)));
  else
    send_next(self, job);
  return promise;
}

} // namespace

archivist_actor::behavior_type
archivist(archivist_ptr self, std::shared_ptr<archivist_parts> parts) {
  PRAETOR_ASSERT(parts && parts->gateway);
  self->state.parts = *parts;
  return {
      [=](at::save, const archive_request& asked) { return save(self, asked); },
      [=](at::install, const proposal& given) { return restore(self, given); },
  };
}

archivist_actor spawn_archivist(caf::actor_system& system,
                                gateway_actor gateway,
                                const http::surface& about) {
  auto parts = std::make_shared<archivist_parts>();
  parts->gateway = std::move(gateway);
  parts->make_id = about.make_id;
  parts->wall_clock = [] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  return system.spawn(archivist, std::move(parts));
}

} // namespace praetor::actors
