#include "server/lsp/usage.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lacuna::server {
namespace {

using namespace std::chrono_literals;

constexpr auto kSeenAfter = 750ms;
constexpr std::array<std::chrono::seconds, 2> kKeptAfter = {30s, 120s};
constexpr size_t kMostOffers = 64;
constexpr size_t kMostLatencies = 2000;
constexpr size_t kMostReasons = 40;  // reasons name files and sizes: their number has no bound of its own
constexpr const char* kOtherReasons = "other reasons";

/// By the nearest rank. 0 without values.
double percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::clamp<size_t>(rank, 1, sorted.size()) - 1];
}

double tenths(double value) {
  return std::round(value * 10) / 10;
}

/// Without the blanks around it, which formatting on save changes.
std::string content(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

size_t num_characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

Usage::~Usage() {
  for (const auto& [uri, timer] : showing_) scheduler_.cancel_timer(timer);
  for (const auto& [key, timer] : open_) scheduler_.cancel_timer(*timer);
}

void Usage::offered(const std::string& uri, uint64_t id, const std::string& text, double elapsed_ms) {
  ++offered_;
  offers_.push_back({id, uri, content(text)});
  if (offers_.size() > kMostOffers) offers_.pop_front();
  latencies_ms_.push_back(elapsed_ms);
  if (latencies_ms_.size() > kMostLatencies) latencies_ms_.pop_front();
  withdrawn(uri);
  showing_[uri] = scheduler_.start_timer(kSeenAfter, [this, uri] { seen(uri); });
}

void Usage::withdrawn(const std::string& uri) {
  if (const auto node = showing_.extract(uri)) scheduler_.cancel_timer(node.mapped());
}

void Usage::seen(const std::string& uri) {
  showing_.erase(uri);
  ++seen_;
}

void Usage::silent(const std::string& reason) {
  const bool known = silences_.contains(reason);
  ++silences_[known || silences_.size() < kMostReasons ? reason : kOtherReasons];
}

void Usage::accepted(uint64_t id) {
  ++accepted_;
  const auto offer = std::find_if(offers_.begin(), offers_.end(), [id](const Offer& each) { return each.id == id; });
  if (offer == offers_.end()) return;
  // Quick hands accept before the eyes had their three quarters of a second.
  if (const auto node = showing_.extract(offer->uri)) {
    scheduler_.cancel_timer(node.mapped());
    ++seen_;
  }
  accepted_characters_ += num_characters(offer->text);
  const size_t occurrences = count_in_document(*offer);
  if (occurrences == 0) return;
  for (size_t mark = 0; mark < kKeptAfter.size(); ++mark) check_later(mark, *offer, occurrences);
}

void Usage::check_later(size_t mark, const Offer& offer, size_t occurrences) {
  auto timer = std::make_unique<TimerId>(0);
  TimerId* key = timer.get();
  *timer = scheduler_.start_timer(kKeptAfter[mark], [this, key, mark, offer, occurrences] {
    open_.erase(key);
    if (documents_.find(offer.uri) == nullptr) return;  // closed: nobody can tell
    ++kept_[mark].checked;
    kept_[mark].kept += count_in_document(offer) >= occurrences ? 1 : 0;
  });
  open_.emplace(key, std::move(timer));
}

size_t Usage::count_in_document(const Offer& offer) const {
  const SnapshotPointer snapshot = documents_.find(offer.uri);
  if (snapshot == nullptr || offer.text.empty()) return 0;
  size_t count = 0;
  for (size_t at = 0; (at = snapshot->text->find(offer.text, at)) != std::string::npos; at += offer.text.size())
    ++count;
  return count;
}

Json Usage::to_json() const {
  std::vector<double> sorted(latencies_ms_.begin(), latencies_ms_.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::pair<std::string, uint64_t>> reasons(silences_.begin(), silences_.end());
  std::stable_sort(reasons.begin(), reasons.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  Json silences = Json::array();
  for (const auto& [reason, count] : reasons) silences.push_back({{"reason", reason}, {"count", count}});
  return {{"offered", offered_},
          {"seen", seen_},
          {"accepted", accepted_},
          {"acceptedCharacters", accepted_characters_},
          {"keptAfter30s", {{"checked", kept_[0].checked}, {"kept", kept_[0].kept}}},
          {"keptAfter120s", {{"checked", kept_[1].checked}, {"kept", kept_[1].kept}}},
          {"latencyMs",
           {{"answers", sorted.size()},
            {"p50", tenths(percentile(sorted, 0.5))},
            {"p95", tenths(percentile(sorted, 0.95))},
            {"p99", tenths(percentile(sorted, 0.99))}}},
          {"silences", std::move(silences)}};
}

}  // namespace lacuna::server
