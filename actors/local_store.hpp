#pragma once

// The files of what an agent was told over its API: one for each service in
// DIRECTORY/services and for each check in DIRECTORY/checks, and one for all
// TTL checks, DIRECTORY/expiries. A file is
//
//     u32   0x434c5250, in the file `PRLC`
//     ...   the service or check (protocol/model/local_codec.hpp)
//     u32   CRC-32C of all before it
//
// and is written aside and renamed, so that at every moment it is whole.

#include "actors/interfaces.hpp"
#include "actors/io/loop.hpp"
#include "storage/disk.hpp"

namespace praetor::actors {

/// A file of more bytes is none of ours; far above any request we take.
inline constexpr std::size_t local_file_bytes_max = 32u << 20;

/// What a kept service or check is called on disk: as much of its id as
/// people can read and a directory can hold, and a hash of all of it.
std::string local_file_name(std::string_view id);

class local_files {
public:
  local_files(std::shared_ptr<storage::disk> on, std::string directory);

  /// What is kept. A damaged file is named in the log and left alone; an
  /// error means that the directories themselves cannot be read.
  result<model::kept_local> load();

  /// Each is durable when it returns.
  status save(const model::service_wish& what);
  status save(const model::kept_check& what);
  status save(const model::kept_expiries& what);
  /// No error when there is no such file.
  status remove_service(const std::string& id);
  status remove_check(const std::string& id);

private:
  template <class T, class Decode>
  status load_each(const std::string& directory, Decode decode,
                   std::vector<T>& into);
  result<model::kept_expiries> load_expiries();
  status write(const std::string& directory, const std::string& name,
               std::string_view content);
  status remove(const std::string& directory, const std::string& id);

  std::shared_ptr<storage::disk> disk_;
  std::string directory_;
  std::string services_;
  std::string checks_;
};

struct local_store_state {
  local_store_state() = default;
  static inline const char* name = "local_store";
  std::shared_ptr<local_files> files;
};

using local_store_ptr = local_store_actor::stateful_pointer<local_store_state>;

/// Carries out one request after the other. Blocks, so it is spawned
/// detached.
local_store_actor::behavior_type
local_store(local_store_ptr self, std::shared_ptr<local_files> files);

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<praetor::actors::local_files>)
