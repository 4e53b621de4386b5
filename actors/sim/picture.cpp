#include "actors/sim/picture.hpp"

#include "actors/sim/picture_parts.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace praetor::actors::sim {
namespace {

// All in pixels.
constexpr double margin = 64;
constexpr double top = 124;
constexpr double node_gap = 170;
constexpr double lane_gap = 150;
constexpr double label_gap = 13;
constexpr double height_min = 480;
// Some renderers give up beyond 32,767.
constexpr double height_max = 16'000;
constexpr double per_second = 160;

double seconds(span time) {
  return std::chrono::duration<double>(time).count();
}

class drawing {
public:
  drawing(const recorded_run& run, const picture_options& options);
  std::string finish();

private:
  double y(instant at) const {
    return top + seconds(std::clamp(at, from_, upto_) - from_) * scale_;
  }
  double x(std::size_t node) const {
    return margin + node_gap * (static_cast<double>(node) + 0.5);
  }
  bool is_shown(instant at) const { return at >= from_ && at <= upto_; }
  double bottom() const { return y(upto_); }
  void line(double x1, double y1, double x2, double y2,
            const std::string& style);
  void text(double x, double y, const std::string& style,
            std::string_view what);
  double free_place(int column, double y);
  void add_grid();
  void add_lives();
  void add_life(std::size_t node,
                const std::vector<const drawn_role_change*>& changes);
  void add_messages();
  void add_arrow(const drawn_message& what);
  void add_faults();
  void add_operations();
  void add_head();

  const recorded_run& run_;
  picture_options options_;
  instant from_;
  instant upto_;
  double scale_ = per_second;
  std::map<std::uint32_t, std::size_t> lanes_;
  std::map<int, double> last_label_; // for each column of labels
  std::string notes_;
  std::string body_;
};

drawing::drawing(const recorded_run& run, const picture_options& options)
    : run_(run), options_(options), from_(options.from),
      upto_(std::max(options.upto.value_or(run.end), options.from)) {
  auto time = std::max(seconds(upto_ - from_), 1e-6);
  scale_ = std::clamp(time * per_second, height_min, height_max) / time;
  for (auto& what : run_.operations)
    lanes_.emplace(what.client, 0);
  std::size_t lane = 0;
  for (auto& [client, place] : lanes_)
    place = lane++;
}

void drawing::line(double x1, double y1, double x2, double y2,
                   const std::string& style) {
  body_ += "<line class=\"" + style + "\" x1=\"" + svg_number(x1) + "\" y1=\"" +
           svg_number(y1) + "\" x2=\"" + svg_number(x2) + "\" y2=\"" +
           svg_number(y2) + "\"/>\n";
}

void drawing::text(double x, double y, const std::string& style,
                   std::string_view what) {
  body_ += "<text class=\"" + style + "\" x=\"" + svg_number(x) + "\" y=\"" +
           svg_number(y) + "\">" + svg_escape(what) + "</text>\n";
}

// Labels of one column must not lie on each other: a late one moves down.
double drawing::free_place(int column, double y) {
  auto [last, is_first] = last_label_.emplace(column, y);
  if (!is_first)
    last->second = std::max(y, last->second + label_gap);
  return last->second;
}

void drawing::add_grid() {
  // A line for each 1, 2 or 5 times a power of ten, 60 pixels apart or more.
  double step = 0.001;
  for (int i = 0; step * scale_ < 60; ++i)
    step *= i % 3 == 1 ? 2.5 : 2;
  auto begin = seconds(from_.time_since_epoch());
  auto end = seconds(upto_.time_since_epoch());
  auto right = margin + node_gap * static_cast<double>(run_.nodes.size()) +
               lane_gap * static_cast<double>(lanes_.size());
  for (auto i = std::ceil(begin / step); i * step <= end; ++i) {
    auto at = top + (i * step - begin) * scale_;
    line(margin - 6, at, right, at, "rule");
    auto ms = std::llround(i * step * 1000);
    auto label =
        ms % 100 == 0 ? svg_number(i * step) + "s" : std::to_string(ms) + "ms";
    text(margin - 12, at + 4, "time", label);
  }
}

void drawing::add_life(std::size_t node,
                       const std::vector<const drawn_role_change*>& changes) {
  drawn_role_change now;
  now.node = node;
  now.at = from_;
  auto until = [&](instant at) {
    if (at > from_ && now.at < upto_)
      line(x(node), y(now.at), x(node), y(at),
           "life " + std::string(class_of(now.role)));
  };
  std::uint64_t shown_term = 0;
  std::size_t labels = 0;
  for (auto* next : changes) {
    until(next->at);
    now = *next;
    bool is_news = next->term != shown_term || next->role == drawn_role::leader;
    if (!is_shown(next->at) || !is_news || ++labels > options_.marks_max)
      continue;
    shown_term = next->term;
    auto label = (next->role == drawn_role::leader ? "leader, term " : "t") +
                 std::to_string(next->term);
    text(x(node) - 10, free_place(static_cast<int>(2 * node), y(next->at) + 4),
         "term", label);
  }
  until(upto_);
}

void drawing::add_lives() {
  std::vector<std::vector<const drawn_role_change*>> changes(run_.nodes.size());
  for (auto& what : run_.roles)
    if (what.node < changes.size())
      changes[what.node].push_back(&what);
  for (std::size_t node = 0; node < changes.size(); ++node) {
    std::stable_sort(changes[node].begin(), changes[node].end(),
                     [](auto* a, auto* b) { return a->at < b->at; });
    add_life(node, changes[node]);
  }
}

void drawing::add_arrow(const drawn_message& what) {
  auto x1 = x(what.from);
  auto y1 = y(what.sent);
  auto x2 = x(what.to);
  auto y2 = what.is_lost ? y1 + 8 : y(what.received);
  auto length = std::max(std::hypot(x2 - x1, y2 - y1), 1.0);
  auto dx = (x2 - x1) / length;
  auto dy = (y2 - y1) / length;
  // A lost one ends in a cross before the next node's line; the others short
  // of their own.
  auto end = what.is_lost ? node_gap * 0.42 : std::max(length - 7, 0.0);
  auto ex = x1 + dx * end;
  auto ey = y1 + dy * end;
  auto type = std::string(class_of(what.type));
  line(x1, y1, ex, ey,
       "arrow " + type + (what.is_lost ? " lost" : "") +
           (what.is_duplicate ? " twice" : ""));
  if (what.is_lost) {
    line(ex - 3, ey - 3, ex + 3, ey + 3, "cross");
    line(ex - 3, ey + 3, ex + 3, ey - 3, "cross");
    return;
  }
  auto point = [](double px, double py) {
    return svg_number(px) + "," + svg_number(py) + " ";
  };
  body_ += "<polygon class=\"tip " + type + "\" points=\"" +
           point(ex + dx * 3, ey + dy * 3) +
           point(ex - dx * 4 - dy * 2.6, ey - dy * 4 + dx * 2.6) +
           point(ex - dx * 4 + dy * 2.6, ey - dy * 4 - dx * 2.6) + "\"/>\n";
}

void drawing::add_messages() {
  std::vector<drawn_message> seen;
  for (auto& what : run_.messages)
    if (is_shown(what.sent) && what.from < run_.nodes.size() &&
        what.to < run_.nodes.size() && what.from != what.to)
      seen.push_back(what);
  auto chosen = choose_arrows(seen, from_, upto_, options_.arrows_max);
  if (chosen.size() < seen.size())
    notes_ += " " + std::to_string(chosen.size()) + " of " +
              std::to_string(seen.size()) +
              " messages drawn, heartbeats left out first.";
  // Heartbeats were chosen last and belong underneath.
  for (auto at = chosen.rbegin(); at != chosen.rend(); ++at)
    add_arrow(seen[*at]);
}

void drawing::add_faults() {
  std::size_t marks = 0;
  auto right = margin + node_gap * static_cast<double>(run_.nodes.size());
  for (auto& what : run_.faults) {
    if (!is_shown(what.at) || (what.node && *what.node >= run_.nodes.size()))
      continue;
    if (++marks > options_.marks_max)
      continue;
    auto at = y(what.at);
    auto good = std::string(what.is_repair ? " good" : " bad");
    if (!what.node) {
      line(margin, at, right, at, "net" + good);
      text(margin + 4, free_place(-1, at - 4), "say" + good, what.text);
      continue;
    }
    auto here = x(*what.node);
    body_ += "<circle class=\"" +
             std::string(what.is_repair ? "repair" : "fault") + "\" cx=\"" +
             svg_number(here) + "\" cy=\"" + svg_number(at) + "\" r=\"6\"/>\n";
    text(here + 10, free_place(static_cast<int>(2 * *what.node + 1), at + 4),
         "say" + good, what.text);
  }
  if (marks > options_.marks_max)
    notes_ += " " + std::to_string(options_.marks_max) + " of " +
              std::to_string(marks) + " faults drawn.";
}

void drawing::add_operations() {
  auto left = margin + node_gap * static_cast<double>(run_.nodes.size());
  for (auto& [client, lane] : lanes_)
    text(left + lane_gap * static_cast<double>(lane) + 4, top - 14, "small",
         "client " + std::to_string(client));
  std::size_t marks = 0;
  for (auto& what : run_.operations) {
    auto end = what.returned.value_or(upto_);
    if (what.invoked > upto_ || end < from_ || ++marks > options_.marks_max)
      continue;
    auto lane = lanes_.at(what.client);
    auto here = left + lane_gap * static_cast<double>(lane) + 4;
    auto begin = y(what.invoked);
    body_ += "<rect class=\"" +
             std::string(!what.returned ? "open"
                         : what.failed  ? "failed"
                                        : "done") +
             "\" x=\"" + svg_number(here) + "\" y=\"" + svg_number(begin) +
             "\" width=\"6\" height=\"" +
             svg_number(std::max(y(end) - begin, 2.0)) + "\" rx=\"2\"><title>" +
             svg_escape(what.text) + "</title></rect>\n";
    // A label too far from its bar says nothing; the bar's title has it.
    auto column = -2 - static_cast<int>(lane);
    auto last = last_label_.find(column);
    if (last == last_label_.end() || last->second + label_gap <= begin + 8)
      text(here + 11, free_place(column, begin + 8), "", what.text);
  }
  if (marks > options_.marks_max)
    notes_ += " " + std::to_string(options_.marks_max) + " of " +
              std::to_string(marks) + " operations drawn.";
}

void drawing::add_head() {
  text(16, 26, "title", run_.title);
  double at = 16;
  auto say = [&](std::string_view what) {
    text(at, 48, "", what);
    at += 14 + 6.2 * static_cast<double>(what.size());
  };
  for (auto role : {drawn_role::follower, drawn_role::candidate,
                    drawn_role::leader, drawn_role::paused, drawn_role::down}) {
    line(at, 44, at + 22, 44, "life " + std::string(class_of(role)));
    at += 28;
    say(class_of(role));
  }
  at = 16;
  for (auto type : {traffic::vote, traffic::heartbeat, traffic::append,
                    traffic::snapshot, traffic::forward, traffic::other}) {
    line(at, 64, at + 22, 64, "arrow " + std::string(class_of(type)));
    text(at + 28, 68, "", class_of(type));
    at += 42 + 6.2 * static_cast<double>(class_of(type).size());
  }
  line(at, 64, at + 22, 64, "arrow other lost");
  line(at + 8, 61, at + 14, 67, "cross");
  line(at + 8, 67, at + 14, 61, "cross");
  text(at + 28, 68, "", "lost");
  if (!notes_.empty())
    text(16, 86, "small", notes_.substr(1));
  for (std::size_t node = 0; node < run_.nodes.size(); ++node)
    text(x(node), top - 14, "name", run_.nodes[node]);
}

std::string drawing::finish() {
  add_grid();
  add_messages();
  add_lives();
  add_faults();
  add_operations();
  // The legend takes some 600 pixels, however few the nodes.
  auto width = std::max(
      640.0, margin + 16 + node_gap * static_cast<double>(run_.nodes.size()) +
                 lane_gap * static_cast<double>(lanes_.size()));
  auto height = bottom() + 30;
  add_head();
  auto size = svg_number(width) + " " + svg_number(height);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + size +
         "\" width=\"" + svg_number(width) + "\" height=\"" +
         svg_number(height) + "\">\n" + svg_style() +
         "<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n" + body_ +
         "</svg>\n";
}

} // namespace

std::string draw(const recorded_run& run, const picture_options& options) {
  return drawing(run, options).finish();
}

} // namespace praetor::actors::sim
