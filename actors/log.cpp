#include "actors/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>

namespace praetor::actors {
namespace {

std::unique_ptr<spdlog::formatter> make_plain(const char* pattern);

constexpr const char* plain_pattern = "    %Y-%m-%dT%H:%M:%S.%e%z %* %v";
constexpr const char* followed_pattern = "%Y-%m-%dT%H:%M:%S.%e%z %* %v";

// One JSON object a line, in the fields of hclog, which log shippers know.
class json_formatter final : public spdlog::formatter {
public:
  void format(const spdlog::details::log_msg& message,
              spdlog::memory_buf_t& out) override {
    prefix_.format(message, out);
    std::string escaped;
    for (auto c : message.payload)
      append_escaped(escaped, c);
    out.append(escaped.data(), escaped.data() + escaped.size());
    static constexpr std::string_view end = "\"}\n";
    out.append(end.data(), end.data() + end.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_formatter>();
  }

private:
  static void append_escaped(std::string& out, char c) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char text[8];
      std::snprintf(text, sizeof text, "\\u%04x", c);
      out += text;
    } else {
      out += c;
    }
  }
  spdlog::pattern_formatter prefix_{
      "{\"@level\":\"%l\",\"@timestamp\":\"%Y-%m-%dT%H:%M:%S.%f%z\","
      "\"@message\":\"",
      spdlog::pattern_time_type::local, ""};
};

class hub_sink final : public spdlog::sinks::base_sink<std::mutex> {
public:
  explicit hub_sink(std::shared_ptr<log_hub> hub) : hub_(std::move(hub)) {
    formatter_ = make_plain(followed_pattern);
  }

protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (hub_->empty())
      return;
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    hub_->publish(static_cast<int>(message.level),
                  std::string(text.data(), text.size()));
  }
  void flush_() override {}

private:
  std::shared_ptr<log_hub> hub_;
};

// "[INFO] " and so on: the names that Consul's log readers look for, padded
// to one width.
class level_flag final : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    std::string_view text = name(message.level);
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<level_flag>();
  }

private:
  static std::string_view name(spdlog::level::level_enum level) {
    switch (level) {
    case spdlog::level::trace:
      return "[TRACE]";
    case spdlog::level::debug:
      return "[DEBUG]";
    case spdlog::level::info:
      return "[INFO] ";
    case spdlog::level::warn:
      return "[WARN] ";
    default:
      return "[ERROR]";
    }
  }
};

std::unique_ptr<spdlog::formatter> make_plain(const char* pattern) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<level_flag>('*').set_pattern(pattern);
  return formatter;
}

int chosen_level = spdlog::level::info;

// The logger itself lets through what anybody wants: lines that nobody reads
// are not even formatted.
void let_through(int finest_follower) {
  auto finest = std::min(chosen_level, finest_follower);
  spdlog::default_logger()->set_level(
      static_cast<spdlog::level::level_enum>(finest));
}

} // namespace

std::uint64_t log_hub::follow(int level, follower who) {
  std::lock_guard guard(mutex_);
  followers_.emplace(next_, entry{level, std::move(who)});
  let_through(finest());
  return next_++;
}

void log_hub::unfollow(std::uint64_t subscription) {
  std::lock_guard guard(mutex_);
  followers_.erase(subscription);
  let_through(finest());
}

int log_hub::finest() const {
  int level = spdlog::level::off;
  for (auto& [id, one] : followers_)
    level = std::min(level, one.level);
  return level;
}

void log_hub::publish(int level, const std::string& line) {
  std::lock_guard guard(mutex_);
  for (auto& [id, one] : followers_)
    if (level >= one.level)
      one.who(line);
}

bool log_hub::empty() const {
  std::lock_guard guard(mutex_);
  return followers_.empty();
}

int level_number(const std::string& name) {
  auto upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  if (upper == "TRACE")
    return spdlog::level::trace;
  if (upper == "DEBUG")
    return spdlog::level::debug;
  if (upper == "WARN" || upper == "WARNING")
    return spdlog::level::warn;
  if (upper == "ERR" || upper == "ERROR")
    return spdlog::level::err;
  return spdlog::level::info;
}

void set_log_level(const std::string& level) {
  chosen_level = level_number(level);
  for (auto& sink : spdlog::default_logger()->sinks())
    if (!dynamic_cast<hub_sink*>(sink.get()))
      sink->set_level(static_cast<spdlog::level::level_enum>(chosen_level));
  let_through(spdlog::level::off);
}

void start_log(const log_options& options, std::shared_ptr<log_hub> hub) {
  auto logger = std::make_shared<spdlog::logger>("praetor");
  auto add = [&](spdlog::sink_ptr sink) {
    if (options.json)
      sink->set_formatter(std::make_unique<json_formatter>());
    else
      sink->set_formatter(make_plain(plain_pattern));
    logger->sinks().push_back(std::move(sink));
  };
  add(std::make_shared<spdlog::sinks::stdout_sink_mt>());
  if (!options.file.empty())
    add(std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file));
  logger->sinks().push_back(std::make_shared<hub_sink>(std::move(hub)));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(logger);
  set_log_level(options.level);
}

} // namespace praetor::actors
