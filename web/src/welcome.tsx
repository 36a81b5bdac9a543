// The first screen, before anybody has signed in: nothing can be run yet, and it says what to do.

export function Welcome({ isDemo }: { isDemo: boolean }) {
  return (
    <main className="welcome">
      <h2>{isDemo ? 'Choose a role' : 'Sign in'}</h2>
      <p>
        {isDemo
          ? 'Each button above signs in one demo account. The queries of its role then appear, ready to run.'
          : 'Use the form above. The queries of your role then appear, ready to run.'}
      </p>
      {isDemo && <p>The main job, from a new school to a settled credit, begins with <strong>Operations</strong>.</p>}
    </main>
  );
}
