using Dapper;
using SecondOpinion.Contracts.Reporting;
using SecondOpinion.Reporting.Events;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Reporting.Facts;

/// <summary>This service's own events about surveys come back over the bus like any other: what is kept in the log is all that the facts are made of.</summary>
internal sealed class FollowSurveys(EventLog log) : IHandle<SurveySent>, IHandle<SurveyAnswered>
{
    public Task Handle(Delivery<SurveySent> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowSurveys), caseId: null, e.SentAt, db => db.ExecuteAsync(
            """
            insert into survey_sent_fact (sending_id, survey, people, sent_at)
            values (@SendingId, @Survey, @People, @SentAt)
            on conflict do nothing
            """,
            new { e.SendingId, e.Survey, e.People, e.SentAt }));
    }

    public Task Handle(Delivery<SurveyAnswered> delivery)
    {
        var e = delivery.Event;
        return log.Once(delivery, nameof(FollowSurveys), caseId: null, e.AnsweredIn, db => db.ExecuteAsync(
            """
            insert into survey_answer_fact (answer_id, survey, recommends, score, followed, operation_avoided, answered_in)
            values (@AnswerId, @Survey, @Recommends, @Score, @Followed, @OperationAvoided, @AnsweredIn)
            on conflict do nothing
            """,
            new { e.AnswerId, e.Survey, e.Recommends, e.Score, e.Followed, e.OperationAvoided, e.AnsweredIn }));
    }
}
