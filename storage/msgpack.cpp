#include "storage/msgpack.hpp"

#include <bit>
#include <optional>

namespace praetor::storage {
namespace {

class reader {
public:
  explicit reader(std::string_view bytes) : rest_(bytes) {}

  std::string_view rest() const { return rest_; }
  const char* why() const { return why_; }

  std::optional<msgpack_value> value(int depth) {
    if (depth > msgpack_depth_max)
      return refuse("containers nest too deeply");
    auto tag = number(1);
    if (!tag)
      return std::nullopt;
    auto t = static_cast<unsigned>(*tag);
    if (t < 0x80)
      return msgpack_value{std::uint64_t{t}};
    if (t < 0x90)
      return map(t & 15, depth);
    if (t < 0xa0)
      return list(t & 15, depth);
    if (t < 0xc0)
      return text(t & 31);
    if (t >= 0xe0)
      return msgpack_value{static_cast<std::int64_t>(t) - 256};
    return tagged(t, depth);
  }

private:
  std::optional<msgpack_value> refuse(const char* why) {
    why_ = why;
    return std::nullopt;
  }

  std::optional<std::uint64_t> number(std::size_t size) {
    if (rest_.size() < size) {
      why_ = "a value is cut off";
      return std::nullopt;
    }
    PRAETOR_ASSERT(size <= sizeof(std::uint64_t));
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < size; ++i)
      out = out << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(size);
    return out;
  }

  std::optional<msgpack_value> tagged(unsigned t, int depth) {
    switch (t) {
    case 0xc0:
      return msgpack_value{};
    case 0xc2:
    case 0xc3:
      return msgpack_value{t == 0xc3};
    case 0xc4: // bytes
    case 0xc5:
    case 0xc6:
      return sized(1u << (t - 0xc4), depth, &reader::text_of);
    case 0xca:
      return real32();
    case 0xcb:
      return real64();
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return unsigned_number(1u << (t - 0xcc));
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
      return signed_number(1u << (t - 0xd0));
    case 0xd9: // text
    case 0xda:
    case 0xdb:
      return sized(1u << (t - 0xd9), depth, &reader::text_of);
    case 0xdc:
    case 0xdd:
      return sized(2u << (t - 0xdc), depth, &reader::list);
    case 0xde:
    case 0xdf:
      return sized(2u << (t - 0xde), depth, &reader::map);
    default:
      return refuse("a type that no record has");
    }
  }

  using content = std::optional<msgpack_value> (reader::*)(std::uint64_t, int);
  std::optional<msgpack_value> sized(std::size_t bytes, int depth, content of) {
    auto size = number(bytes);
    if (!size)
      return std::nullopt;
    return (this->*of)(*size, depth);
  }

  std::optional<msgpack_value> unsigned_number(std::size_t bytes) {
    auto found = number(bytes);
    if (!found)
      return std::nullopt;
    return msgpack_value{*found};
  }

  std::optional<msgpack_value> signed_number(std::size_t bytes) {
    auto found = number(bytes);
    if (!found)
      return std::nullopt;
    PRAETOR_ASSERT(bytes >= 1 && bytes <= 8);
    auto unused = 64 - 8 * bytes;
    auto wide = static_cast<std::int64_t>(*found << unused) >> unused;
    return msgpack_value{wide};
  }

  std::optional<msgpack_value> real32() {
    auto found = number(4);
    if (!found)
      return std::nullopt;
    auto bits = static_cast<std::uint32_t>(*found);
    return msgpack_value{double{std::bit_cast<float>(bits)}};
  }

  std::optional<msgpack_value> real64() {
    auto found = number(8);
    if (!found)
      return std::nullopt;
    return msgpack_value{std::bit_cast<double>(*found)};
  }

  std::optional<msgpack_value> text_of(std::uint64_t size, int) {
    return text(size);
  }
  std::optional<msgpack_value> text(std::uint64_t size) {
    if (rest_.size() < size)
      return refuse("a text is cut off");
    msgpack_value out{std::string(rest_.substr(0, size))};
    rest_.remove_prefix(size);
    return out;
  }

  // An item takes a byte at least, so a size that lies ends the reading
  // before it costs memory.
  std::optional<msgpack_value> list(std::uint64_t size, int depth) {
    msgpack_value::list out;
    for (; size > 0; --size) {
      auto one = value(depth + 1);
      if (!one)
        return std::nullopt;
      out.push_back(*std::move(one));
    }
    return msgpack_value{std::move(out)};
  }

  std::optional<msgpack_value> map(std::uint64_t size, int depth) {
    msgpack_value::map out;
    for (; size > 0; --size) {
      auto key = value(depth + 1);
      if (!key)
        return std::nullopt;
      auto* name = std::get_if<std::string>(&key->content);
      if (!name)
        return refuse("a key that is no text");
      auto one = value(depth + 1);
      if (!one)
        return std::nullopt;
      out.emplace_back(std::move(*name), *std::move(one));
    }
    return msgpack_value{std::move(out)};
  }

  std::string_view rest_;
  const char* why_ = "";
};

} // namespace

const msgpack_value* msgpack_value::find(std::string_view name) const {
  for (auto& [key, value] : members())
    if (key == name)
      return &value;
  return nullptr;
}

std::string msgpack_value::text(std::string_view name) const {
  auto* found = find(name);
  auto* text = found ? std::get_if<std::string>(&found->content) : nullptr;
  return text ? *text : std::string();
}

std::uint64_t msgpack_value::number(std::string_view name) const {
  auto* found = find(name);
  if (!found)
    return 0;
  if (auto* plain = std::get_if<std::uint64_t>(&found->content))
    return *plain;
  auto* wide = std::get_if<std::int64_t>(&found->content);
  return wide && *wide > 0 ? static_cast<std::uint64_t>(*wide) : 0;
}

std::int64_t msgpack_value::whole(std::string_view name) const {
  auto* found = find(name);
  if (!found)
    return 0;
  if (auto* wide = std::get_if<std::int64_t>(&found->content))
    return *wide;
  auto* plain = std::get_if<std::uint64_t>(&found->content);
  return plain && *plain <= INT64_MAX ? static_cast<std::int64_t>(*plain) : 0;
}

bool msgpack_value::flag(std::string_view name) const {
  auto* found = find(name);
  auto* flag = found ? std::get_if<bool>(&found->content) : nullptr;
  return flag && *flag;
}

const msgpack_value::list& msgpack_value::items(std::string_view name) const {
  static const list none;
  auto* found = find(name);
  auto* all = found ? std::get_if<list>(&found->content) : nullptr;
  return all ? *all : none;
}

const msgpack_value::map& msgpack_value::members(std::string_view name) const {
  static const map none;
  auto* found = find(name);
  return found ? found->members() : none;
}

const msgpack_value::map& msgpack_value::members() const {
  static const map none;
  auto* all = std::get_if<map>(&content);
  return all ? *all : none;
}

result<msgpack_value> read_msgpack(std::string_view& bytes) {
  reader from(bytes);
  auto out = from.value(0);
  if (!out)
    return fail(errc::corrupt, std::string("msgpack: ") + from.why());
  PRAETOR_ASSERT(from.rest().size() < bytes.size());
  bytes = from.rest();
  return *std::move(out);
}

} // namespace praetor::storage
