using Google.Protobuf.Reflection;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace SecondOpinion.ServiceDefaults.Access;

/// <summary>Which methods of a gRPC service another service may call. What is in no list is open to nobody.</summary>
/// <param name="Caller">The calling service's client id.</param>
/// <param name="Methods">Names of methods.</param>
public sealed record AllowedCalls(string Caller, params string[] Methods)
{
    /// <summary>
    /// The role of the person for whom it calls: the person's token comes in <c>Authorization</c>, the service's own beside it. Null: it calls for itself.
    /// </summary>
    public string? For { get; init; }
}

/// <summary>Lists of callers.</summary>
public static class GrpcCalls
{
    /// <summary>Opens the service's methods to these callers.</summary>
    /// <exception cref="InvalidOperationException">A list names a method that does not exist.</exception>
    public static GrpcServiceEndpointConventionBuilder AllowCalls(
        this GrpcServiceEndpointConventionBuilder service, ServiceDescriptor descriptor, params AllowedCalls[] calls)
    {
        if (calls.SelectMany(c => c.Methods).Except(descriptor.Methods.Select(m => m.Name)).FirstOrDefault() is { } unknown)
        {
            throw new InvalidOperationException($"A list of callers names {descriptor.FullName}/{unknown}, which does not exist.");
        }

        service.Add(endpoint =>
        {
            var method = endpoint.Metadata.OfType<GrpcMethodMetadata>().SingleOrDefault()?.Method.Name;
            endpoint.Metadata.Add(new AuthorizationPolicyBuilder().RequireAuthenticatedUser()
                .AddRequirements(new CalledBy([.. calls.Where(c => method is not null && c.Methods.Contains(method))])).Build());
        });
        return service;
    }

    internal sealed record CalledBy(IReadOnlyList<AllowedCalls> Calls) : IAuthorizationRequirement;

    internal sealed class Judge : AuthorizationHandler<CalledBy>
    {
        protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, CalledBy requirement)
        {
            if (requirement.Calls.Any(c => c.For is null && context.User.IsInRole(Roles.Service) && context.User.FindFirst("client_id")?.Value == c.Caller))
            {
                context.Succeed(requirement);
                return;
            }

            if (context.Resource is HttpContext http && requirement.Calls.Any(c => c.For is { } person && context.User.IsInRole(person))
                && (await http.AuthenticateAsync(BearerTokens.ServiceScheme)).Principal is { } voucher && voucher.IsInRole(Roles.Service)
                && requirement.Calls.Any(c => c.For is { } person && context.User.IsInRole(person) && voucher.FindFirst("client_id")?.Value == c.Caller))
            {
                context.Succeed(requirement);
            }
        }
    }
}
