#include "http/snapshot_archive.hpp"

#include "http/gzip.hpp"
#include "http/json_read.hpp"

#include <openssl/evp.h>
#include <zlib.h>

#include <array>
#include <charconv>
#include <map>

namespace praetor::http {
namespace {

constexpr std::size_t block_bytes = 512; // of a tar
constexpr const char* meta_name = "meta.json";
constexpr const char* state_name = "state.bin";
constexpr const char* sums_name = "SHA256SUMS";

// -- writing ---------------------------------------------------------------

void put(std::string& block, std::size_t at, std::string_view what) {
  PRAETOR_ASSERT(at + what.size() <= block_bytes);
  block.replace(at, what.size(), what);
}

std::string octal(std::uint64_t value, std::size_t digits) {
  std::string out(digits, '0');
  for (; value > 0; value /= 8) {
    PRAETOR_ASSERT(digits > 0);
    out[--digits] = static_cast<char>('0' + value % 8);
  }
  return out;
}

// The sum of a header's bytes, its own field taken as blanks.
std::uint64_t header_sum(std::string_view block) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < block_bytes; ++i)
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(block[i]);
  return sum;
}

void add_file(std::string& tar, std::string_view name, std::string_view bytes,
              std::int64_t modified) {
  std::string block(block_bytes, '\0');
  put(block, 0, name);
  put(block, 100, octal(0600, 7));
  put(block, 108, octal(0, 7));
  put(block, 116, octal(0, 7));
  put(block, 124, octal(bytes.size(), 11));
  put(block, 136, octal(static_cast<std::uint64_t>(modified), 11));
  put(block, 156, "0");
  put(block, 257, std::string_view("ustar\00000", 8));
  put(block, 148, octal(header_sum(block), 6) + std::string("\0 ", 2));
  tar += block;
  tar += bytes;
  tar.append((block_bytes - bytes.size() % block_bytes) % block_bytes, '\0');
}

std::string meta_json(const archive_facts& facts) {
  std::string out;
  json_writer json(out);
  json.begin_object();
  json.field("Version", facts.version);
  json.field("ID", facts.id);
  json.field("Index", facts.index);
  json.field("Term", facts.term);
  json.field("Size", facts.size);
  json.field("Producer", facts.producer);
  json.end_object();
  return out + "\n";
}

// -- reading ---------------------------------------------------------------

error bad_file(const std::string& why) {
  return fail(errc::bad_input, "failed to read snapshot file: " + why);
}

class decompressor {
public:
  decompressor() { ready_ = inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK; }
  ~decompressor() {
    if (ready_)
      inflateEnd(&stream_);
  }
  decompressor(const decompressor&) = delete;
  decompressor& operator=(const decompressor&) = delete;

  result<std::string> run(std::string_view bytes) {
    PRAETOR_ASSERT(ready_);
    std::string out;
    std::string piece(std::size_t{256} << 10, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    for (int code = Z_OK; code != Z_STREAM_END;) {
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = static_cast<uInt>(piece.size());
      code = inflate(&stream_, Z_NO_FLUSH);
      if (code == Z_BUF_ERROR)
        return bad_file("failed reading snapshot: unexpected EOF");
      if (code != Z_OK && code != Z_STREAM_END)
        return bad_file("failed reading snapshot: the compressed data is "
                        "damaged");
      out.append(piece, 0, piece.size() - stream_.avail_out);
      if (out.size() > archive_plain_bytes_max)
        return fail(errc::too_large,
                    "failed to decompress snapshot: it has more than the "
                    "allowed " +
                        std::to_string(archive_plain_bytes_max) + " bytes");
    }
    return out;
  }

private:
  z_stream stream_{};
  bool ready_ = false;
};

// What Go's reader says of a head that is none.
status check_gzip_head(std::string_view bytes) {
  constexpr std::size_t head_bytes = 10;
  auto bad = [](const char* why) {
    return fail(errc::bad_input,
                std::string("failed to decompress snapshot: ") + why);
  };
  if (bytes.empty())
    return bad("EOF");
  if (bytes.size() < head_bytes)
    return bad("unexpected EOF");
  if (!bytes.starts_with("\x1f\x8b\x08"))
    return bad("gzip: invalid header");
  return {};
}

std::optional<std::uint64_t> number_at(std::string_view field) {
  // GNU's form of what octal digits are too few for.
  if (!field.empty() && field[0] == '\x80') {
    std::uint64_t out = 0;
    for (auto c : field.substr(field.size() - 8))
      out = out << 8 | static_cast<unsigned char>(c);
    return out;
  }
  auto from = field.find_first_not_of(' ');
  field = from == field.npos ? std::string_view() : field.substr(from);
  field = field.substr(0, field.find_first_of(std::string_view("\0 ", 2)));
  std::uint64_t out = 0;
  auto* end = field.data() + field.size();
  auto read = std::from_chars(field.data(), end, out, 8);
  if (field.empty() || read.ptr != end || read.ec != std::errc{})
    return std::nullopt;
  return out;
}

using archive_files = std::map<std::string, std::string_view, std::less<>>;

result<archive_files> untar(std::string_view tar) {
  auto bad = [](const char* why) {
    return bad_file(std::string("failed reading snapshot: ") + why);
  };
  archive_files out;
  while (!tar.empty()) {
    if (tar.size() < block_bytes)
      return bad("unexpected EOF");
    auto head = tar.substr(0, block_bytes);
    if (head.find_first_not_of('\0') == head.npos)
      break;
    auto sum = number_at(head.substr(148, 8));
    auto size = number_at(head.substr(124, 12));
    if (!sum || *sum != header_sum(head) || !size)
      return bad("archive/tar: invalid tar header");
    tar.remove_prefix(block_bytes);
    if (*size > tar.size())
      return bad("unexpected EOF");
    auto content = tar.substr(0, *size);
    auto padded = (*size + block_bytes - 1) / block_bytes * block_bytes;
    tar.remove_prefix(std::min<std::uint64_t>(padded, tar.size()));
    auto name = head.substr(0, 100);
    name = name.substr(0, name.find('\0'));
    bool describes = head[156] == 'x' || head[156] == 'g'; // the next file
    if (describes)
      continue;
    if (name != meta_name && name != state_name && name != sums_name)
      return bad_file("unexpected file \"" + std::string(name) +
                      "\" in snapshot");
    out[std::string(name)] = content;
  }
  return out;
}

// Every file has its sum, and every sum its file.
status check_sums(const archive_files& files) {
  auto bad = [](const std::string& why) {
    return bad_file("failed checking integrity of snapshot: " + why);
  };
  std::map<std::string, std::string> missing;
  for (auto* name : {meta_name, state_name}) {
    auto found = files.find(name);
    missing[name] = sha256(found == files.end() ? "" : found->second);
  }
  auto hashes = missing;
  auto found = files.find(sums_name);
  auto sums = found == files.end() ? std::string_view() : found->second;
  while (!sums.empty()) {
    auto line = sums.substr(0, sums.find('\n'));
    sums.remove_prefix(std::min(sums.size(), line.size() + 1));
    auto gap = line.find("  ");
    if (gap == line.npos)
      return bad("unexpected EOF");
    std::string name(line.substr(gap + 2));
    auto expected = hashes.find(name);
    if (expected == hashes.end())
      return bad("list missing hash for \"" + name + "\"");
    if (expected->second != line.substr(0, gap))
      return bad("hash check failed for \"" + name + "\"");
    missing.erase(name);
  }
  if (!missing.empty())
    return bad("file missing for \"" + missing.begin()->first + "\"");
  return {};
}

result<archive_facts> read_meta(std::string_view text) {
  auto value = parse_json(text);
  if (!value)
    return bad_file("failed to decode snapshot metadata: " +
                    value.failure().text);
  archive_facts out;
  decode_errors errors;
  read_object(*value, {"SnapshotMeta", {}}, errors, unknown::ignored,
              [&](json_field& f) {
                return f.string("ID", out.id) ||
                       f.integer("Version", out.version) ||
                       f.integer("Index", out.index) ||
                       f.integer("Term", out.term) ||
                       f.integer("Size", out.size) ||
                       f.string("Producer", out.producer);
              });
  if (errors.failed())
    return bad_file("failed to decode snapshot metadata: " + errors.text());
  return out;
}

} // namespace

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  auto ok = EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size,
                       EVP_sha256(), nullptr);
  PRAETOR_ASSERT(ok == 1 && size == 32);
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += digits[digest[i] >> 4];
    out += digits[digest[i] & 15];
  }
  return out;
}

std::string write_archive(archive_facts facts, std::string_view state,
                          std::int64_t modified) {
  facts.size = state.size();
  auto meta = meta_json(facts);
  auto sums = sha256(meta) + "  " + meta_name + "\n" + sha256(state) + "  " +
              state_name + "\n";
  std::string tar;
  tar.reserve(state.size() + 8 * block_bytes);
  add_file(tar, meta_name, meta, modified);
  add_file(tar, state_name, state, modified);
  add_file(tar, sums_name, sums, modified);
  tar.append(2 * block_bytes, '\0');
  return gzip(tar);
}

result<state_archive> read_archive(std::string_view bytes) {
  if (auto ok = check_gzip_head(bytes); !ok)
    return ok.failure();
  auto tar = decompressor().run(bytes);
  if (!tar)
    return tar.failure();
  auto files = untar(*tar);
  if (!files)
    return files.failure();
  if (auto ok = check_sums(*files); !ok)
    return ok.failure();
  auto facts = read_meta((*files)[meta_name]);
  if (!facts)
    return facts.failure();
  return state_archive{*std::move(facts), std::string((*files)[state_name])};
}

} // namespace praetor::http
