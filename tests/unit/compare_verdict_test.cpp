// SPDX-License-Identifier: Apache-2.0
// Sensors that must not score well, references with other labels, and the words themselves.
#include "gateway/compare/verdict.hpp"
#include "tests/unit/collocation.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace twinsky {
namespace {

struct Column {
  const char* sensor;
  const char* reference;
  Quantity quantity;
};
constexpr Column columns[] = {
    {"s1_o3", "ref_o3", Quantity::o3_ppb},          {"s2_o3", "ref_o3", Quantity::o3_ppb},
    {"s3_o3", "ref_o3", Quantity::o3_ppb},          {"s1_temp", "ref_temp", Quantity::temperature},
    {"s2_temp", "ref_temp", Quantity::temperature}, {"s3_temp", "ref_temp", Quantity::temperature},
    {"s1_rh", "ref_rh", Quantity::humidity},        {"s1_pm25", "ref_pm25", Quantity::pm2_5},
    {"s2_pm25", "ref_pm25", Quantity::pm2_5},       {"s3_pm25", "ref_pm25", Quantity::pm2_5},
    {"s1_no2", "ref_no2", Quantity::no2_ppb}};

Judgement judged(const std::vector<PairRow>& rows, Window window, Quantity quantity) {
  static const TargetCatalogue targets;
  const Assessment seen = assess(rows, window);
  const LagScan lag = scan_lags(within(rows, window), 12);
  return judge_evidence({.assessment = seen,
                         .lag = lag,
                         .target = targets.of(quantity),
                         .relation = Relation::collocated});
}

Verdict verdict_of(const std::vector<PairRow>& rows, Quantity quantity) {
  return judged(rows, whole_of(rows), quantity).verdict;
}

bool is_damning(Verdict verdict) {
  return verdict == Verdict::insufficient || verdict == Verdict::faulty ||
         verdict == Verdict::contradicts;
}

std::vector<PairRow> permuted(std::vector<PairRow> rows, unsigned seed) {
  std::vector<std::optional<double>> values;
  for (const PairRow& row : rows) {
    if (is_sensor_valid(row)) values.push_back(row.sensor);
  }
  std::mt19937 random(seed);
  std::ranges::shuffle(values, random);
  auto next = values.begin();
  for (PairRow& row : rows) {
    if (is_sensor_valid(row)) row.sensor = *next++;
  }
  return rows;
}

TEST(verdict, a_permuted_sensor_never_scores) {
  for (const Column& column : columns) {
    const std::vector<PairRow> rows = collocated_rows(column.sensor, column.reference);
    for (unsigned seed = 1; seed <= 20; ++seed) {
      const std::vector<PairRow> shuffled = permuted(rows, seed);
      const Window all = whole_of(shuffled);
      for (const Window window : {all, Window{all.end - std::chrono::hours(168), all.end}}) {
        const Verdict verdict = judged(shuffled, window, column.quantity).verdict;
        EXPECT_TRUE(is_damning(verdict)) << column.sensor << " seed " << seed << ", "
                                         << window.hours() << " h: " << name_of(verdict);
      }
    }
  }
}

TEST(verdict, a_stuck_or_inverted_sensor_never_scores) {
  for (const Column& column : columns) {
    std::vector<PairRow> stuck = collocated_rows(column.sensor, column.reference);
    std::vector<PairRow> inverted = stuck;
    std::vector<PairRow> mirror = stuck;
    for (std::size_t at = 0; at < stuck.size(); ++at) {
      if (stuck[at].sensor) stuck[at].sensor = 25.1;
      if (inverted[at].sensor) inverted[at].sensor = 60 - *inverted[at].sensor;
      if (mirror[at].reference) mirror[at].sensor = 60 - *mirror[at].reference;
    }
    EXPECT_EQ(verdict_of(stuck, column.quantity), Verdict::faulty) << column.sensor;
    EXPECT_EQ(verdict_of(mirror, column.quantity), Verdict::contradicts) << column.sensor;
    const Verdict verdict = verdict_of(inverted, column.quantity);
    EXPECT_TRUE(is_damning(verdict)) << column.sensor << ": " << name_of(verdict);
  }
}

// Every window of a week, every twelve hours.
template <class Each>
void each_week(const std::vector<PairRow>& rows, Each&& each) {
  const Window all = whole_of(rows);
  const std::chrono::hours week(168);
  for (HourStart end = all.begin + week; end <= all.end; end += std::chrono::hours(12)) {
    each(Window{end - week, end});
  }
}

TEST(verdict, a_shifted_reference_is_named_within_a_week) {
  for (const Column& column : columns) {
    const bool is_clear =
        column.quantity == Quantity::o3_ppb || column.quantity == Quantity::temperature;
    const std::vector<PairRow> rows = collocated_rows(column.sensor, column.reference);
    for (const int late : {0, 1, -1, 8, -8}) {
      const std::vector<PairRow> shifted = with_late_labels(rows, late);
      int misaligned = 0;
      each_week(shifted, [&](Window week) {
        const LagScan lag = scan_lags(within(shifted, week), 12);
        if (lag.misaligned_by) {
          ++misaligned;
          // The hint is what would put the labels right.
          EXPECT_EQ(*lag.misaligned_by, -late) << column.sensor;
        }
        const Judgement judgement = judged(shifted, week, column.quantity);
        if (late == 0 || !is_clear || judgement.verdict == Verdict::insufficient) return;
        EXPECT_EQ(judgement.verdict, Verdict::misaligned) << column.sensor << " by " << late;
        EXPECT_EQ(judgement.reasons.front(), hint_of(-late));
      });
      if (late == 0) {
        EXPECT_EQ(misaligned, 0) << column.sensor;
      } else if (is_clear) {
        EXPECT_GT(misaligned, 20) << column.sensor;
      }
    }
  }
}

TEST(verdict, hints_say_what_to_repair) {
  EXPECT_EQ(hint_of(1), "labels_early_1h");
  EXPECT_EQ(hint_of(-1), "labels_late_1h");
  EXPECT_EQ(hint_of(8), "time_zone");
  EXPECT_EQ(hint_of(-8), "time_zone");
  EXPECT_EQ(hint_of(5), "labels_shifted");
}

TEST(verdict, follows_the_order) {
  const std::vector<PairRow> rows = collocated_rows("s1_o3", "ref_o3");
  const Window all = whole_of(rows);
  const Assessment good = assess(rows, all);
  const LagScan lag = scan_lags(rows, 12);
  const Target target = TargetCatalogue().of(Quantity::o3_ppb);
  Evidence evidence{
      .assessment = good, .lag = lag, .target = target, .relation = Relation::collocated};
  EXPECT_EQ(judge_evidence(evidence).verdict, Verdict::agrees);

  evidence.drift = DriftState::alarm;
  EXPECT_EQ(judge_evidence(evidence).verdict, Verdict::drifting);
  evidence.floor = Floor{.station = "far", .distance_m = 9000, .pairs = 700, .r2 = 0.4, .rmse = 9};
  EXPECT_EQ(judge_evidence(evidence).verdict, Verdict::not_comparable);
  evidence.floor.reset();
  evidence.is_indoor = true;
  EXPECT_EQ(judge_evidence(evidence).verdict, Verdict::not_comparable);
  evidence.is_time_trusted = false;
  EXPECT_EQ(judge_evidence(evidence).verdict, Verdict::faulty);

  std::vector<PairRow> silent = rows;
  for (PairRow& row : silent) row.reference.reset();
  EXPECT_EQ(verdict_of(silent, Quantity::o3_ppb), Verdict::no_reference);

  std::vector<PairRow> failed = rows;
  for (std::size_t at = 0; at < failed.size(); at += 2) {
    failed[at].failed = failed[at].usable;
    failed[at].usable = 0;
  }
  EXPECT_EQ(verdict_of(failed, Quantity::o3_ppb), Verdict::faulty);
  EXPECT_EQ(judged(failed, all, Quantity::o3_ppb).reasons.front(), "sensor_qc");

  std::vector<PairRow> sparse = rows;
  for (std::size_t at = 0; at < sparse.size(); at += 2) sparse[at].usable = 10;
  EXPECT_EQ(verdict_of(sparse, Quantity::o3_ppb), Verdict::insufficient);
}

// A sensor between two stations is not asked to agree better than they do.
TEST(verdict, the_floor_is_fair) {
  const std::vector<PairRow> rows = collocated_rows("s1_pm25", "ref_pm25");
  const Assessment seen = assess(rows, whole_of(rows));
  const LagScan lag = scan_lags(rows, 12);
  Target target = TargetCatalogue().of(Quantity::pm2_5);
  target.rmse = 3;  // so that the month's range is enough
  Evidence evidence{.assessment = seen, .lag = lag, .target = target, .relation = Relation::near};
  EXPECT_EQ(judge_evidence(evidence).verdict, Verdict::noisy);  // r2 0.52 of 0.70
  evidence.floor = Floor{.station = "b", .distance_m = 900, .pairs = 700, .r2 = 0.51, .rmse = 4};
  EXPECT_EQ(judge_evidence(evidence).verdict, Verdict::agrees);
}

TEST(verdict, changes_after_six_equal_evaluations) {
  using enum Verdict;
  std::vector<Verdict> seen(12, agrees);
  EXPECT_EQ(published_verdict(seen), agrees);
  std::fill_n(seen.end() - 5, 5, noisy);
  EXPECT_EQ(published_verdict(seen), agrees);
  seen.push_back(noisy);
  seen.erase(seen.begin());
  EXPECT_EQ(published_verdict(seen), noisy);
  seen.back() = faulty;
  EXPECT_EQ(published_verdict(seen), faulty);
  seen.back() = misaligned;
  EXPECT_EQ(published_verdict(seen), misaligned);
  // Wavering stays with one word, whenever one looks.
  const std::vector<Verdict> even{noisy, agrees, noisy, agrees, noisy, agrees,
                                  noisy, agrees, noisy, agrees, noisy, agrees};
  const std::vector<Verdict> odd(even.rbegin(), even.rend());
  EXPECT_EQ(published_verdict(even), published_verdict(odd));
  const std::vector<Verdict> first{insufficient};
  EXPECT_EQ(published_verdict(first), insufficient);
}

TEST(verdict, has_a_sentence_in_each_language) {
  const VerdictTexts texts;
  for (int at = 0; at <= static_cast<int>(Verdict::agrees); ++at) {
    const Sentence& sentence = texts.of(static_cast<Verdict>(at));
    EXPECT_TRUE(sentence.en.ends_with(".")) << at;
    EXPECT_TRUE(sentence.zh_hant.ends_with("。")) << at;
    EXPECT_TRUE(sentence.zh_hans.ends_with("。")) << at;
    EXPECT_EQ(sentence.en.find("accurate"), std::string::npos);
  }
}

}  // namespace
}  // namespace twinsky
