// /v1/agent/host: what the kernel tells of the machine.

#include "actors/agent.hpp"

#include "http/json_write.hpp"
#include "http/replies.hpp"

#include <ctime>
#include <fstream>
#include <sstream>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace praetor::actors {
namespace {

using http::json_writer;
using http::rendered_ptr;

// The lines "Name:  value kB" of /proc/meminfo, in bytes.
std::map<std::string, std::uint64_t> read_memory() {
  std::map<std::string, std::uint64_t> found;
  std::ifstream in("/proc/meminfo");
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream parts(line);
    std::string name;
    std::uint64_t kilobytes = 0;
    if (parts >> name >> kilobytes && !name.empty())
      found[name.substr(0, name.size() - 1)] = kilobytes * 1024;
  }
  return found;
}

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0
             ? 0
             : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

void write_memory(json_writer& json) {
  auto memory = read_memory();
  auto total = memory["MemTotal"];
  auto used = total - std::min(total, memory["MemFree"] + memory["Buffers"] +
                                          memory["Cached"]);
  json.begin_object();
  json.field("total", total);
  json.field("available", memory["MemAvailable"]);
  json.field("used", used);
  json.key("usedPercent");
  json.number(percent(used, total));
  json.field("free", memory["MemFree"]);
  json.field("buffers", memory["Buffers"]);
  json.field("cached", memory["Cached"]);
  json.end_object();
}

void write_processors(json_writer& json) {
  json.begin_array();
  std::ifstream in("/proc/cpuinfo");
  std::string line;
  std::string model;
  int number = -1;
  auto write = [&] {
    if (number < 0)
      return;
    json.begin_object();
    json.field("cpu", number);
    json.field("modelName", model);
    json.end_object();
  };
  while (std::getline(in, line)) {
    auto colon = line.find(": ");
    if (line.starts_with("processor")) {
      write();
      ++number;
    } else if (line.starts_with("model name") && colon != std::string::npos) {
      model = line.substr(colon + 2);
    }
  }
  write();
  json.end_array();
}

std::string platform() {
  std::ifstream in("/etc/os-release");
  std::string line;
  while (std::getline(in, line))
    if (line.starts_with("ID="))
      return line.substr(3);
  return "";
}

void write_host(json_writer& json) {
  utsname names{};
  uname(&names);
  timespec up{};
  clock_gettime(CLOCK_BOOTTIME, &up);
  json.begin_object();
  json.field("hostname", names.nodename);
  json.field("uptime", static_cast<std::int64_t>(up.tv_sec));
  json.field("os", "linux");
  json.field("platform", platform());
  json.field("kernelVersion", names.release);
  json.field("kernelArch", names.machine);
  json.end_object();
}

void write_disk(json_writer& json) {
  struct statvfs info {};
  statvfs("/", &info);
  auto block = static_cast<std::uint64_t>(info.f_frsize);
  auto total = info.f_blocks * block;
  auto free = info.f_bavail * block;
  auto used = (info.f_blocks - info.f_bfree) * block;
  json.begin_object();
  json.field("path", "/");
  json.field("total", total);
  json.field("free", free);
  json.field("used", used);
  json.key("usedPercent");
  json.number(percent(used, used + free));
  json.end_object();
}

} // namespace

rendered_ptr tell_host(bool pretty) {
  std::string body;
  json_writer json(body, pretty);
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  json.begin_object();
  json.key("Memory");
  write_memory(json);
  json.key("CPU");
  write_processors(json);
  json.key("Host");
  write_host(json);
  json.key("Disk");
  write_disk(json);
  json.field("CollectionTime",
             static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 +
                 now.tv_nsec);
  json.key("Errors");
  json.null();
  json.end_object();
  return http::json_reply(std::move(body), pretty);
}

} // namespace praetor::actors
