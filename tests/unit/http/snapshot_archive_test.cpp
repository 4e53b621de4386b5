#include "http/snapshot_archive.hpp"

#include "http/gzip.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::http;

namespace {

std::string fault(std::string_view bytes) {
  auto found = read_archive(bytes);
  return found ? "" : found.failure().text;
}

archive_facts some_facts() {
  return {"2-88-1795281891217", 1, 88, 2, 0, "praetor"};
}

/// One file of a tar as other programs write it.
std::string tar_file(const std::string& name, const std::string& bytes) {
  std::string head(512, '\0');
  head.replace(0, name.size(), name);
  char field[16];
  std::snprintf(field, sizeof field, "%011zo", bytes.size());
  head.replace(124, 11, field);
  head.replace(148, 8, "        ");
  head[156] = '0';
  unsigned sum = 0;
  for (unsigned char c : head)
    sum += c;
  std::snprintf(field, sizeof field, "%06o", sum);
  head.replace(148, 6, field);
  auto padding = (512 - bytes.size() % 512) % 512;
  return head + bytes + std::string(padding, '\0');
}

} // namespace

TEST_CASE("SHA-256 is that of FIPS 180-4") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb924"
                      "27ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223"
                         "b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("an archive comes back with its facts and its state") {
  for (std::size_t size : {0, 1, 511, 512, 513, 100'000}) {
    std::string state(size, 's');
    auto found =
        read_archive(write_archive(some_facts(), state, 1'700'000'000));
    REQUIRE(found);
    CHECK(found->state == state);
    auto facts = some_facts();
    facts.size = size;
    CHECK(found->facts == facts);
  }
}

TEST_CASE("what is no archive is refused as Consul refuses it") {
  CHECK(fault("") == "failed to decompress snapshot: EOF");
  CHECK(fault("garbage") == "failed to decompress snapshot: unexpected EOF");
  CHECK(fault("garbage, not an archive") ==
        "failed to decompress snapshot: gzip: invalid header");
  CHECK(fault(gzip(std::string(600, 'x'))) ==
        "failed to read snapshot file: failed reading snapshot: archive/tar: "
        "invalid tar header");
  CHECK(fault(gzip("short")) ==
        "failed to read snapshot file: failed reading snapshot: unexpected "
        "EOF");
  CHECK(fault(gzip(tar_file("evil.sh", "x"))) ==
        "failed to read snapshot file: unexpected file \"evil.sh\" in "
        "snapshot");
}

TEST_CASE("every file needs its sum, and every sum its file") {
  auto meta = std::string("{\"Version\":1}");
  auto files = tar_file("meta.json", meta) + tar_file("state.bin", "state");
  auto sums =
      sha256(meta) + "  meta.json\n" + sha256("state") + "  state.bin\n";
  auto with = [&](const std::string& list) {
    return fault(gzip(files + tar_file("SHA256SUMS", list)));
  };
  const std::string bad =
      "failed to read snapshot file: failed checking integrity of snapshot: ";
  CHECK(with(sums) == "");
  CHECK(with(sums + sha256("") + "  other\n") ==
        bad + "list missing hash for \"other\"");
  CHECK(with(sha256(meta) + "  meta.json\n") ==
        bad + "file missing for \"state.bin\"");
  CHECK(with(sha256(meta) + "  meta.json\n" + sha256("State") +
             "  state.bin\n") == bad + "hash check failed for \"state.bin\"");
  CHECK(fault(gzip(tar_file("meta.json", meta))) ==
        bad + "file missing for \"meta.json\"");
}

TEST_CASE("an archive that is cut off or damaged anywhere is refused") {
  auto whole = write_archive(some_facts(), std::string(5000, 's'), 0);
  for (std::size_t size = 0; size + 8 < whole.size(); ++size)
    CHECK(fault(whole.substr(0, size)) != "");
  for (std::size_t at = 10; at < whole.size(); ++at) {
    auto damaged = whole;
    damaged[at] ^= 1;
    auto found = read_archive(damaged);
    CHECK((!found || found->state == std::string(5000, 's')));
  }
}
