// Finds the command that the words name, prints the lists of commands, and
// runs what was found.

#include "http/cli/commands.hpp"

#include <algorithm>
#include <ostream>
#include <string_view>

namespace praetor::http::cli {
namespace {

bool is_help(const std::string& word) {
  return word == "-h" || word == "-help" || word == "--help";
}

bool is_version(const std::string& word) {
  return word == "-v" || word == "-version" || word == "--version";
}

const command* find(std::string_view path) {
  for (const auto& item : all_commands())
    if (path == item.path)
      return &item;
  return nullptr;
}

/// The direct members of a group, or with "" the commands at the top.
std::string listing(const std::string& group) {
  auto prefix = group.empty() ? "" : group + " ";
  std::vector<std::pair<std::string, const char*>> rows;
  std::size_t width = 0;
  for (const auto& item : all_commands()) {
    std::string path = item.path;
    if (path.rfind(prefix, 0) != 0)
      continue;
    auto name = path.substr(prefix.size());
    if (name.empty() || name.find(' ') != std::string::npos)
      continue;
    width = std::max(width, name.size());
    rows.emplace_back(name, item.synopsis);
  }
  std::string out;
  for (const auto& [name, synopsis] : rows)
    out += "    " + name + std::string(width - name.size() + 4, ' ') +
           synopsis + '\n';
  return out;
}

std::string top_help() {
  return "Usage: praetor [--version] [--help] <command> [<args>]\n\n"
         "Available commands are:\n" +
         listing("") + '\n';
}

int show_group(const command& group, bool help, const streams& to) {
  auto text = "Usage: praetor " + std::string(group.path) + ' ' +
              group.arguments + "\n\n" + wrapped(group.about, 2, 78) +
              "\nSubcommands:\n" + listing(group.path);
  (help ? to.out : to.err) << text << std::flush;
  return help ? 0 : 1;
}

/// How far the words name a command, one level at a time.
const command* descend(const std::vector<std::string>& words,
                       std::size_t& used) {
  const command* found = nullptr;
  std::string path;
  for (used = 0; used < words.size(); ++used) {
    path += (path.empty() ? "" : " ") + words[used];
    const auto* next = find(path);
    if (next == nullptr)
      break;
    found = next;
  }
  return found;
}

} // namespace

int run(const std::vector<std::string>& arguments, const streams& to,
        const product& self, const validator& validate) {
  bool help = false;
  for (const auto& word : arguments) {
    if (word == "--")
      break;
    help = help || is_help(word);
  }
  // Only before the command does -v ask for the program's version.
  std::size_t first = 0;
  while (first < arguments.size() && arguments[first].size() > 1 &&
         arguments[first][0] == '-' && arguments[first] != "--") {
    if (is_version(arguments[first]))
      return run({"version"}, to, self, validate);
    ++first;
  }
  std::vector<std::string> words(
      arguments.begin() + static_cast<std::ptrdiff_t>(first), arguments.end());
  std::size_t used = 0;
  const auto* found = descend(words, used);
  if (found == nullptr) {
    bool asked = help && words.empty();
    (asked ? to.out : to.err) << top_help() << std::flush;
    return asked ? 0 : 127;
  }
  if (first > 0 && !help) {
    to.err << "Flags of a command go after its name.\n\n" << top_help();
    return 1;
  }
  if (found->run == nullptr)
    return show_group(*found, help, to);
  words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(used));
  call c(*found, std::move(words), help, to, self, validate);
  int code = found->run(c);
  to.out.flush();
  to.err.flush();
  return code;
}

} // namespace praetor::http::cli
