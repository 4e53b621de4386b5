// The second half of the compiler: from the tree to the instructions. They
// stand in the order in which they are read, so that what follows an
// instruction is the next one unless it is a split or a jump.

#include "protocol/model/filter_regex_compiler.hpp"

namespace praetor::model {

std::uint32_t regex_compiler::here() const {
  return static_cast<std::uint32_t>(out_.program_.size());
}

std::uint32_t regex_compiler::emit(regex::instruction what) {
  out_.program_.push_back(what);
  return here() - 1;
}

bool regex_compiler::write(node_id id) {
  PRAETOR_ASSERT(id < nodes_.size());
  // Unrolling multiplies: stop while it is cheap.
  if (out_.program_.size() > regex_program_max)
    return refuse("expression too large", pattern_);
  auto& it = nodes_[id];
  switch (it.what) {
  case shape::set:
    emit({opcode::any_of, {}, here() + 1, 0, it.set});
    return true;
  case shape::assertion:
    emit({opcode::assertion, it.where, here() + 1, 0, 0});
    return true;
  case shape::sequence:
    for (auto child : it.children)
      if (!write(child))
        return false;
    return true;
  case shape::choice:
    return write_choice(it);
  case shape::repeat:
    return write_repeat(it);
  case shape::group:
    return write_group(it);
  }
  PRAETOR_ASSERT(false);
  return false;
}

// The places where the group begins and ends.
bool regex_compiler::write_group(const node& what) {
  PRAETOR_ASSERT(what.children.size() == 1);
  emit({opcode::save, {}, here() + 1, 0, 2 * what.set});
  if (!write(what.children[0]))
    return false;
  emit({opcode::save, {}, here() + 1, 0, 2 * what.set + 1});
  return true;
}

// Of two ways the first is tried before the other.
void regex_compiler::prefer(std::uint32_t split, bool lazy) {
  auto& it = out_.program_[split];
  PRAETOR_ASSERT(it.code == opcode::split);
  if (lazy)
    std::swap(it.next, it.other);
}

bool regex_compiler::write_choice(const node& what) {
  PRAETOR_ASSERT(!what.children.empty());
  std::vector<std::uint32_t> ends;
  for (std::size_t i = 0; i < what.children.size(); ++i) {
    bool last = i + 1 == what.children.size();
    auto split = here();
    if (!last)
      emit({opcode::split, {}, here() + 1, 0, 0});
    if (!write(what.children[i]))
      return false;
    if (last)
      break;
    ends.push_back(emit({opcode::jump, {}, 0, 0, 0}));
    out_.program_[split].other = here();
  }
  for (auto end : ends)
    out_.program_[end].next = here();
  return true;
}

bool regex_compiler::write_repeat(const node& what) {
  PRAETOR_ASSERT(what.children.size() == 1);
  auto child = what.children[0];
  bool endless = what.most < 0;
  int copies = endless && what.least > 0 ? what.least - 1 : what.least;
  for (int i = 0; i < copies; ++i)
    if (!write(child))
      return false;
  if (endless)
    return write_loop(child, what.least > 0, what.lazy);
  PRAETOR_ASSERT(what.most >= what.least);
  return write_optionals(child, what.most - what.least, what.lazy);
}

bool regex_compiler::write_loop(node_id child, bool at_least_once, bool lazy) {
  auto begin = here();
  if (!at_least_once)
    emit({opcode::split, {}, begin + 1, 0, 0});
  if (!write(child))
    return false;
  if (at_least_once) {
    prefer(emit({opcode::split, {}, begin, here() + 1, 0}), lazy);
  } else {
    emit({opcode::jump, {}, begin, 0, 0});
    out_.program_[begin].other = here();
    prefer(begin, lazy);
  }
  return true;
}

// One that is left out leaves out all behind it: x{0,3} is (x(x(x)?)?)?.
bool regex_compiler::write_optionals(node_id child, int count, bool lazy) {
  std::vector<std::uint32_t> splits;
  for (int i = 0; i < count; ++i) {
    splits.push_back(emit({opcode::split, {}, here() + 1, 0, 0}));
    if (!write(child))
      return false;
  }
  for (auto split : splits) {
    out_.program_[split].other = here();
    prefer(split, lazy);
  }
  return true;
}

} // namespace praetor::model
