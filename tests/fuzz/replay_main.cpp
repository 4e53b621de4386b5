// Runs a fuzz target without a fuzzer: every file of its corpus, and then
// seeded mutations of them. An input that kills the target is left in the
// working directory as crash-TARGET, ready to be moved into the corpus.
//
//     NAME_replay CORPUS_DIRECTORY [MUTATIONS [SEED]]

#include "protocol/base/prng.hpp"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size);

namespace {

// Some ten seconds for the slowest target under the sanitizers.
constexpr std::uint64_t mutations_default = 20'000;
// libFuzzer's own default: decoders show their bugs on short inputs.
constexpr std::size_t input_size_max = 4096;
// A few edits keep an input near enough to valid to get past the first check.
constexpr std::uint64_t edits_max = 4;

// For the signal handler, which may do little more than write.
const std::string* running = nullptr;
char crash_path[256];

void on_crash(int signal_number) {
  auto file = ::open(crash_path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
  if (file >= 0 && running) {
    [[maybe_unused]] auto written =
        ::write(file, running->data(), running->size());
    ::close(file);
  }
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

void run_one(const std::string& input) {
  running = &input;
  // An exact copy on the heap, so that reading one byte too far is seen.
  std::vector<std::uint8_t> copy(input.begin(), input.end());
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
  running = nullptr;
}

std::vector<std::string> read_corpus(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> paths;
  std::error_code problem;
  for (auto& entry : std::filesystem::directory_iterator(directory, problem))
    if (entry.is_regular_file())
      paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> inputs;
  for (auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in),
                        std::istreambuf_iterator<char>());
  }
  return inputs;
}

// Bytes on which decoders trip: ends of ranges, signs, a compression pointer.
char telling_byte(praetor::prng& chance) {
  constexpr unsigned char telling[] = {0x00, 0x01, 0x3F, 0x40, 0x7F, 0x80,
                                       0xC0, 0xFF, '"',  '\\', '\r', '\n',
                                       '%',  '{',  '[',  ' '};
  auto pick = chance.below(2 * std::size(telling));
  if (pick < std::size(telling))
    return static_cast<char>(telling[pick]);
  return static_cast<char>(chance.below(256));
}

void edit(std::string& input, const std::string& other, praetor::prng& chance) {
  auto at = chance.below(input.size() + 1);
  auto here = std::min<std::size_t>(at, input.size() - !input.empty());
  auto length = 1 + chance.below(8);
  switch (chance.below(6)) {
  case 0: // flip a bit
    if (!input.empty())
      input[here] = static_cast<char>(input[here] ^ (1 << chance.below(8)));
    break;
  case 1: // change a byte
    if (!input.empty())
      input[here] = telling_byte(chance);
    break;
  case 2: // insert bytes
    input.insert(at, length, telling_byte(chance));
    break;
  case 3: // lose bytes
    input.erase(here, length);
    break;
  case 4: // end early
    input.resize(at);
    break;
  case 5: // go on as another input does
    if (!other.empty())
      input.replace(at, std::string::npos,
                    other.substr(chance.below(other.size())));
    break;
  }
}

std::string mutate(const std::vector<std::string>& inputs,
                   praetor::prng& chance) {
  auto input = inputs[chance.below(inputs.size())];
  auto edits = 1 + chance.below(edits_max);
  for (std::uint64_t i = 0; i < edits; ++i)
    edit(input, inputs[chance.below(inputs.size())], chance);
  input.resize(std::min(input.size(), input_size_max));
  return input;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::fprintf(stderr, "usage: %s CORPUS_DIRECTORY [MUTATIONS [SEED]]\n",
                 argv[0]);
    return 2;
  }
  auto mutations =
      argc > 2 ? std::strtoull(argv[2], nullptr, 10) : mutations_default;
  auto seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
  auto target = std::filesystem::path(argv[0]).filename().string();
  std::snprintf(crash_path, sizeof crash_path, "crash-%s", target.c_str());
  for (auto number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL})
    std::signal(number, on_crash);

  auto inputs = read_corpus(argv[1]);
  for (auto& input : inputs)
    run_one(input);
  auto files = inputs.size();
  inputs.emplace_back(); // the empty input, which no corpus need hold
  run_one(inputs.back());
  praetor::prng chance(seed);
  for (std::uint64_t i = 0; i < mutations; ++i)
    run_one(mutate(inputs, chance));

  std::printf("%s: %zu files, %llu mutations, seed %llu\n", target.c_str(),
              files, static_cast<unsigned long long>(mutations),
              static_cast<unsigned long long>(seed));
  // A failure never gets here. All mutations together are one case.
  std::printf("%zu passed, 0 failed\n", files + 1);
  return 0;
}
